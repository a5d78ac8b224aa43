-- What is selected in the current tab: read in slices, read again when it may be another, said in words.
local out = require("out")
local words = require("words")

local M = {}
M.__index = M

local READING = "Looking at the selection…"

--- Begin with a project. Fields: proj, found (what `out.describe` gave), told {title, detail, refused,
-- reading}.
function M.new(proj)
  return setmetatable({
    proj = proj,
    found = { jobs = {} },
    told = { title = READING, detail = "", reading = true },
  }, M)
end

-- What tells at little cost that the selection is another one. Not every change of a selection is a change
-- of the project's state.
local function mark_of(proj)
  local count = reaper.CountSelectedMediaItems(proj)
  local first = count > 0 and reaper.GetSelectedMediaItem(proj, 0)
  local last = count > 0 and reaper.GetSelectedMediaItem(proj, count - 1)
  local start, stop = reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false)
  local parts =
    { reaper.GetProjectStateChangeCount(proj), count, tostring(first), tostring(last), start, stop }
  parts[#parts + 1] = reaper.CountSelectedTracks(proj)
  return table.concat(parts, " ")
end

--- Go on with reading; true when the selection is known now and wasn't before.
function M:read()
  local found = self.reading and self.reading()
  if not found then
    return false
  end
  self.reading, self.found = nil, found
  self.told = M.tell(found)
  return true
end

--- Read the selection of the current tab again where it may be another; true when that is done at once.
-- @param mode how it is to be sent
function M:look(mode, force)
  local current = reaper.EnumProjects(-1)
  if current ~= self.proj then
    self.proj, force = current, true
  end
  local mark = mark_of(self.proj)
  if not force and mark == self.mark then
    return false
  end
  self.mark = mark
  self.reading = out.describing(self.proj, { mode = mode })
  return self:read()
end

--- Say in two sentences what is selected and how it will be sent.
-- @param found what `out.describe` gave
-- @return {title=, detail=, refused=}
function M.tell(found)
  local jobs = found.jobs or {}
  if #jobs == 0 then
    return { title = found.refusal or "Nothing is selected.", detail = found.hint or "", refused = true }
  end
  local first = jobs[1]
  local function facts(job)
    return ("%s, %s"):format(words.rate(job.rate), words.channels(math.floor(job.channels)))
  end
  local refused = found.refusal ~= nil
  if #jobs == 1 then
    local title = ("%s · %s · %s"):format(first.words, words.duration(first.seconds), facts(first))
    local notes = table.concat(first.notes or {}, " ")
    local detail = found.refusal or ((first.why or "") .. " " .. notes)
    return { title = title, detail = detail, refused = refused }
  end
  local seconds, same = 0, true
  for _, job in ipairs(jobs) do
    seconds = seconds + job.seconds
    same = same and job.mode == first.mode and job.why == first.why
  end
  local title = ("%s · %s in all"):format(words.count(#jobs, "job"), words.duration(seconds))
  local detail = same and first.why or "Some items are sent as files, others are rendered as they are heard."
  return { title = title, detail = found.refusal or detail or "", refused = refused }
end

return M
