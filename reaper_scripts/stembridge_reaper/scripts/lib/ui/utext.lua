-- UTF-8 text by characters, and what search and small boxes need of it.
local M = {}

--- Make a text valid UTF-8: a byte that isn't becomes a question mark.
function M.valid(text)
  local _, bad = utf8.len(text)
  while bad do
    text = text:sub(1, bad - 1) .. "?" .. text:sub(bad + 1)
    _, bad = utf8.len(text, bad)
  end
  return text
end

--- Give the number of characters of a valid text.
function M.length(text)
  return utf8.len(text) or #text
end

--- Give the characters from `first` to `last` (1-based, both included).
function M.sub(text, first, last)
  local count = M.length(text)
  first, last = math.max(1, first), math.min(last or count, count)
  if first > last then
    return ""
  end
  return text:sub(utf8.offset(text, first), utf8.offset(text, last + 1) - 1)
end

-- Letters of Latin-1 and Latin Extended-A whose base letter is typed instead.
local PLAIN = {}
for base, list in pairs({
  a = "àáâãäåāăąÀÁÂÃÄÅĀĂĄ",
  c = "çćčÇĆČ",
  e = "èéêëēęěÈÉÊËĒĘĚ",
  i = "ìíîïīÌÍÎÏĪ",
  n = "ñńňÑŃŇ",
  o = "òóôõöøōőÒÓÔÕÖØŌŐ",
  u = "ùúûüūůűÙÚÛÜŪŮŰ",
  y = "ýÿÝ",
  s = "śšŚŠ",
  z = "źżžŹŻŽ",
}) do
  for _, code in utf8.codes(list) do
    PLAIN[utf8.char(code)] = base
  end
end

--- Fold a text for searching: lower case, no accents, one space between words.
function M.fold(text)
  local folded = text:lower():gsub("[\xc3-\xc5][\x80-\xbf]", PLAIN):gsub("%s+", " ")
  return folded
end

--- Tell whether every word of the folded `needle` is in the folded `text`.
function M.matches(text, needle)
  for word in needle:gmatch("%S+") do
    if not text:find(word, 1, true) then
      return false
    end
  end
  return true
end

--- Shorten a text to a width by an ellipsis.
-- @param measure function(text) -> width
-- @return the text, and true when it was shortened
function M.fit(text, width, measure)
  if measure(text) <= width then
    return text, false
  end
  local low, high = 0, M.length(text) - 1
  while low < high do
    local middle = (low + high + 1) // 2
    if measure(M.sub(text, 1, middle) .. "…") <= width then
      low = middle
    else
      high = middle - 1
    end
  end
  local cut = M.sub(text, 1, low):gsub("%s+$", "")
  return cut .. "…", true
end

local function hard_break(word, width, measure, lines)
  while measure(word) > width and M.length(word) > 1 do
    local low, high = 1, M.length(word) - 1
    while low < high do
      local middle = (low + high + 1) // 2
      if measure(M.sub(word, 1, middle)) <= width then
        low = middle
      else
        high = middle - 1
      end
    end
    lines[#lines + 1] = M.sub(word, 1, low)
    word = M.sub(word, low + 1)
  end
  return word
end

--- Break a text into lines of a width, at spaces; a longer word is cut.
-- @param most the most lines, nil for all; the last one is then shortened by an ellipsis
function M.wrap(text, width, measure, most)
  local lines = {}
  for paragraph in (text .. "\n"):gmatch("(.-)\n") do
    local line = nil
    for word in paragraph:gmatch("%S+") do
      local longer = line and line .. " " .. word or word
      if measure(longer) <= width then
        line = longer
      else
        lines[#lines + 1] = line
        line = hard_break(word, width, measure, lines)
      end
    end
    lines[#lines + 1] = line or ""
  end
  while #lines > 1 and lines[#lines] == "" do
    lines[#lines] = nil
  end
  if most and #lines > most then
    local rest = table.concat(lines, " ", most)
    for i = #lines, most, -1 do
      lines[i] = nil
    end
    lines[most] = M.fit(rest, width, measure)
  end
  return lines
end

return M
