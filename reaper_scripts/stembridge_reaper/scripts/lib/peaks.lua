-- Waveforms: a new source has none until its peaks are built, a slice at a time, over defer ticks.

local projects = require("projects")

local M = {}

local START, SLICE, FINISH = 0, 1, 2
-- Seconds of a tick that may go into peaks.
local BUDGET = 0.008

local queue = {}

local function drop(index)
  table.remove(queue, index)
end

--- Begin to build the peaks of a take's source (by the take's GUID: pointers die easily); the current tab
-- must be `proj`'s.
function M.add(proj, guid)
  local take = reaper.GetMediaItemTakeByGUID(proj, guid)
  local source = take and reaper.GetMediaItemTake_Source(take)
  if source and reaper.PCM_Source_BuildPeaks(source, START) ~= 0 then
    queue[#queue + 1] = { proj = proj, guid = guid }
  end
end

-- Give a waiting take and its source as long as it is there; false while its tab is in the background,
-- where nobody sees it; nil when it is gone (undone, deleted, closed).
local function find(one, current)
  if not reaper.ValidatePtr(one.proj, "ReaProject*") then
    return nil
  elseif one.proj ~= current then
    return false
  end
  local take = reaper.GetMediaItemTakeByGUID(one.proj, one.guid)
  if not take then
    return nil
  end
  return take, reaper.GetMediaItemTake_Source(take)
end

--- Say how many sources still wait for their peaks.
function M.pending()
  return #queue
end

--- Carry the peaks on by one tick's work.
function M.tick()
  local stop = reaper.time_precise() + BUDGET
  local current = projects.current()
  local index = 1
  while queue[index] do
    local one = queue[index]
    local take, source = find(one, current)
    if take == nil then
      drop(index)
    elseif take == false then
      index = index + 1
    elseif reaper.PCM_Source_BuildPeaks(source, SLICE) == 0 then
      reaper.PCM_Source_BuildPeaks(source, FINISH)
      reaper.UpdateItemInProject(reaper.GetMediaItemTake_Item(take))
      drop(index)
    end
    if reaper.time_precise() >= stop then
      return
    end
  end
end

return M
