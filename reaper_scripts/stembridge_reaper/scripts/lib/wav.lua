-- WAV files: the header of one that REAPER wrote, and 32-bit float files written in pieces.

local files = require("files")

local M = {}

--- The most bytes of samples a plain WAV can hold; longer audio isn't rendered in one piece.
M.MOST_BYTES = 4294967295 - 4096

local FLOAT = 3
local MOST_CHUNKS = 64

local function read_chunks(file)
  local head = file:read(12) or ""
  local kind = head:sub(1, 4)
  if (kind ~= "RIFF" and kind ~= "RF64") or head:sub(9, 12) ~= "WAVE" then
    return nil
  end
  local format, data, large
  for _ = 1, MOST_CHUNKS do
    local name, size = (file:read(8) or ""):match("^(....)(....)$")
    if not name then
      break
    end
    size = ("<I4"):unpack(size)
    local place = file:seek()
    if name == "ds64" then
      large = ("<I8"):unpack(file:read(16) or "", 9)
    elseif name == "fmt " then
      format = file:read(math.min(size, 40))
    elseif name == "data" then
      data = size == 0xFFFFFFFF and large or size
      break
    end
    file:seek("set", place + size + size % 2)
  end
  return format, data, file:seek(), file:seek("end")
end

--- Read a WAV's header. Gives {rate, channels, bits, float, frames, data (offset of the first sample)}, or
-- nil where there is no whole WAV: a file cut short is none.
function M.inspect(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local fine, format, data, start, size = pcall(read_chunks, file)
  file:close()
  if not fine or not format or not data or #format < 16 or start + data > size then
    return nil
  end
  local tag, channels, rate, _, align, bits = ("<I2I2I4I4I2I2"):unpack(format)
  if tag == 0xFFFE and #format >= 26 then
    tag = ("<I2"):unpack(format, 25)
  end
  if channels == 0 or rate == 0 or align == 0 then
    return nil
  end
  return {
    rate = rate,
    channels = channels,
    bits = bits,
    float = tag == FLOAT,
    frames = data // align,
    data = start,
  }
end

local Writer = {}
Writer.__index = Writer

--- Begin a float WAV of a known length. It lies at `path`.part until it is finished.
-- Gives a writer, or nil and a sentence.
function M.create(path, rate, channels, frames)
  local bytes = frames * channels * 4
  if bytes > M.MOST_BYTES then
    return nil, "The selection is too long to be rendered in one piece: select less at a time."
  end
  local part = path .. ".part"
  local file = io.open(part, "wb")
  if not file then
    return nil, ("'%s' can't be written."):format(path)
  end
  local align = channels * 4
  local format = ("<I2I2I4I4I2I2I2"):pack(FLOAT, channels, rate, rate * align, align, 32, 0)
  local fact = ("<I4"):pack(frames)
  local head = "RIFF"
    .. ("<I4"):pack(4 + 8 + #format + 8 + #fact + 8 + bytes)
    .. "WAVEfmt "
    .. ("<I4"):pack(#format)
    .. format
    .. "fact"
    .. ("<I4"):pack(#fact)
    .. fact
    .. "data"
    .. ("<I4"):pack(bytes)
  local writer = setmetatable({ path = path, part = part, file = file, left = frames * channels }, Writer)
  if not file:write(head) then
    writer:drop()
    return nil, ("'%s' can't be written."):format(path)
  end
  return writer
end

-- How many samples one call of string.pack takes: the stack of Lua bears it, and it is 40 times faster
-- than one at a time.
local WIDE = 128
local FORMAT = "<" .. ("f"):rep(WIDE)

--- Append samples from a table (interleaved, `count` of them from index 1 on).
-- Gives true, or nil and a sentence when the disk takes no more.
function Writer:append(samples, count)
  local out, size = {}, 0
  for at = 1, count - WIDE + 1, WIDE do
    size = size + 1
    out[size] = FORMAT:pack(table.unpack(samples, at, at + WIDE - 1))
  end
  local rest = count % WIDE
  if rest > 0 then
    out[size + 1] = ("<" .. ("f"):rep(rest)):pack(table.unpack(samples, count - rest + 1, count))
  end
  self.left = self.left - count
  if not self.file:write(table.concat(out)) then
    return nil, "The disk is full, or can't be written to."
  end
  return true
end

--- Finish the file: it appears under its name. Gives true, or nil and a sentence.
function Writer:finish()
  local closed = self.file:close()
  self.file = nil
  if self.left ~= 0 or not closed or not os.rename(self.part, self.path) then
    os.remove(self.part)
    return nil, ("'%s' can't be written."):format(self.path)
  end
  return true
end

--- Give the file up; nothing of it stays.
function Writer:drop()
  if self.file then
    self.file:close()
    self.file = nil
  end
  os.remove(self.part)
end

--- Remove a file that REAPER left where a render failed.
function M.discard(path)
  if files.exists(path) then
    os.remove(path)
  end
end

return M
