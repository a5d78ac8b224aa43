-- Base 64 (RFC 4648, section 4) on both ways.

local M = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local CHARS, VALUES = {}, {}
for index = 1, 64 do
  CHARS[index - 1] = ALPHABET:sub(index, index)
  VALUES[ALPHABET:byte(index)] = index - 1
end

--- Encode bytes, with padding, on one line.
function M.encode(bytes)
  local out = {}
  for at = 1, #bytes, 3 do
    local a, b, c = bytes:byte(at, at + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    out[#out + 1] = CHARS[bits >> 18]
      .. CHARS[bits >> 12 & 63]
      .. (b and CHARS[bits >> 6 & 63] or "=")
      .. (c and CHARS[bits & 63] or "=")
  end
  return table.concat(out)
end

--- Decode; line breaks and spaces are passed over. Gives bytes, or nil where the text is no base 64.
function M.decode(text)
  text = text:gsub("%s", "")
  if #text % 4 ~= 0 then
    return nil
  end
  local out = {}
  for at = 1, #text, 4 do
    local last = at + 4 > #text
    local a, b, c, d = text:byte(at, at + 3)
    local padding = last and (c == 61 and d == 61 and 2 or d == 61 and 1) or 0
    a, b = VALUES[a], VALUES[b]
    c, d = padding < 2 and VALUES[c] or padding == 2 and 0, padding < 1 and VALUES[d] or padding >= 1 and 0
    if not (a and b and c and d) then
      return nil
    end
    local bits = a << 18 | b << 12 | c << 6 | d
    out[#out + 1] = string.char(bits >> 16, bits >> 8 & 255, bits & 255):sub(1, 3 - padding)
  end
  return table.concat(out)
end

return M
