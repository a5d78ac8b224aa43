-- The reading end of a job's events.jsonl: whole lines only, a bounded piece at a time.
--
-- A line without its newline is a write under way, or the torn end that the next worker cuts off; it
-- is never taken over, so the place we read from always lies behind a newline.

local files = require("files")
local json = require("json")

local M = {}

--- Version of the file protocol this library speaks.
M.PROTOCOL = 1

--- The types of events that end a worker.
M.TERMINAL = { finished = true, failed = true, cancelled = true, needs_decision = true }

local LONGEST_LINE = 1024 * 1024

local Tail = {}
Tail.__index = Tail

--- Follow the log at `path`, which needn't exist yet. `offset` bytes are known already (default 0).
function M.tail(path, offset)
  return setmetatable({ path = path, offset = offset or 0, seq = 0, bad = 0 }, Tail)
end

local function take(tail, line, found)
  local event = json.decode(line)
  if type(event) ~= "table" or type(event.type) ~= "string" then
    tail.bad = tail.bad + 1
    return true
  end
  if event.v ~= M.PROTOCOL then
    return false
  end
  local seq = math.tointeger(event.seq) or 0
  if seq > tail.seq then
    tail.seq = seq
    found[#found + 1] = event
  end
  return true
end

--- Read what has come: at most `most` bytes of whole lines (default 4096; a longer line comes alone).
-- Gives a list of events (empty when nothing came; unknown types are in it, for the caller to pass
-- over), or nil and a sentence when the worker speaks another version of the protocol.
function Tail:read(most)
  local size = most or 4096
  local text = files.read_at(self.path, self.offset, size)
  if not text then
    return {}
  end
  if text == "" then
    local whole = files.size(self.path)
    if whole and whole < self.offset then -- another log in the place of the one we knew
      self.offset, self.seq = 0, 0
    end
    return {}
  end
  while #text == size and size < LONGEST_LINE and not text:find("\n", 1, true) do
    size = size * 2
    text = files.read_at(self.path, self.offset, size) or ""
    text = text:sub(1, text:find("\n", 1, true))
  end
  local found, start = {}, 1
  while true do
    local stop = text:find("\n", start, true)
    if not stop then
      break
    end
    if not take(self, text:sub(start, stop - 1), found) then
      return nil, "The scripts and the installed Stembridge speak different versions of the file protocol."
    end
    start = stop + 1
  end
  if start == 1 and #text >= LONGEST_LINE then -- no line of ours: pass over it
    start = #text + 1
    self.bad = self.bad + 1
  end
  self.offset = self.offset + start - 1
  return found
end

return M
