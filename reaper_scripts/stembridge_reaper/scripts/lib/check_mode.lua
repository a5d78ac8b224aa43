-- The check of a compressed source: REAPER's decoder and the core's may begin to count at different
-- samples. Some seconds of the item, as REAPER reads them, go into check.wav; the core looks for them in
-- what it reads itself, and moves the region, or refuses where it can't be sure.

local accessor_reader = require("accessor_reader")
local files = require("files")
local span = require("span")

local M = {}

local SECONDS = 2
local LOUD = 10 ^ (-30 / 20)
local PLACES = 6

local Check = {}
Check.__index = Check

-- Where the stretches may begin: evenly over the region, on the file's own frames, and inside the item.
local function places(plan)
  local base = math.max(plan.first, span.frame_at_or_after(plan.begin, plan.rate))
  local room = math.max(1, plan.first + plan.frames - 1 - base)
  local frames = math.min(room, SECONDS * plan.rate)
  local found = {}
  for index = 0, PLACES - 1 do
    local at = base + (room - frames) * index // PLACES
    if at ~= found[#found] then
      found[#found + 1] = at
    end
  end
  return found, frames
end

--- Begin the check of a plan of source_mode.lua; it writes `folder`/check.wav.
function M.begin(plan, folder)
  local found, frames = places(plan)
  return setmetatable({
    plan = plan,
    path = files.join(folder, "check.wav"),
    frames = frames,
    places = found,
    index = 1,
    loudest = -1.0,
  }, Check)
end

local function open(check, first)
  local plan = check.plan
  -- The item plays the file's second `begin` at its second `from`, at the file's own speed.
  local time = plan.from + span.seconds(first, plan.rate) - plan.begin
  return accessor_reader.open(plan.subject.take, check.path, time, check.frames, plan.rate, plan.channels)
end

local function finished(check, first)
  check.first_frame = first
  return true
end

--- Read for one tick. Gives true when check.wav is there (then first_frame says where it begins in the
-- file, by REAPER's count), false when there is more to do, nil and a sentence when it can't be done.
function Check:step()
  local first = self.places[self.index] or self.best
  if not self.reader then
    local sentence
    self.reader, sentence = open(self, first)
    if not self.reader then
      return nil, sentence
    end
  end
  local done, sentence = self.reader:step()
  if not done then
    if done == nil then
      self.reader = nil
      return nil, sentence
    end
    return false
  end
  local peak = self.reader.peak
  self.reader = nil
  if peak >= LOUD or self.index > #self.places then
    return finished(self, first)
  end
  if peak > self.loudest then
    self.loudest, self.best = peak, first
  end
  self.index = self.index + 1
  if self.index > #self.places and self.best == first then
    return finished(self, first) -- the file at hand is that of the loudest place
  end
  os.remove(self.path)
  return false
end

--- Give the check up; nothing of its file stays.
function Check:drop()
  if self.reader then
    self.reader:drop()
    self.reader = nil
  end
  os.remove(self.path)
end

return M
