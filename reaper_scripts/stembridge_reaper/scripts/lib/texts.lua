-- A transcript becomes take markers of the item it was heard in, which move with it, or regions.
--
-- Its times are seconds from the region's first frame: stem time. A take marker stands in source time.

local M = {}

local COLOUR = 0

-- Project time of a moment of the stem; stretch markers apart.
local function project_time(context, seconds)
  local stem = context.stem
  if not stem then
    return context.cursor + seconds
  end
  return stem.position + (seconds - stem.startoffs) / stem.playrate
end

-- Source time of a moment of a take (seconds of its item's start, at its rate), along its stretch markers.
local function source_time(take, moment)
  local markers = take.stretch
  local first, last = markers[1], markers[#markers]
  if not first then
    return take.startoffs + moment
  elseif moment <= first.pos then
    return first.srcpos + moment - first.pos
  end
  for index = 1, #markers - 1 do
    local left, right = markers[index], markers[index + 1]
    if moment < right.pos then
      local along = (moment - left.pos) / (right.pos - left.pos)
      return left.srcpos + along * (right.srcpos - left.srcpos)
    end
  end
  return last.srcpos + moment - last.pos
end

-- The other way round: where in its item (seconds at its rate) a take plays a moment of its source.
local function take_time(take, source)
  local markers = take.stretch
  local first, last = markers[1], markers[#markers]
  if not first then
    return source - take.startoffs
  elseif source <= first.srcpos then
    return first.pos + source - first.srcpos
  end
  for index = 1, #markers - 1 do
    local left, right = markers[index], markers[index + 1]
    if source < right.srcpos then
      local along = (source - left.srcpos) / (right.srcpos - left.srcpos)
      return left.pos + along * (right.pos - left.pos)
    end
  end
  return last.pos + source - last.srcpos
end

-- A line's times on the project's timeline.
local function times(context, label)
  local part = context.parts[1]
  if context.mode ~= "source" or not (part and part.take) then
    return project_time(context, label[1]), project_time(context, label[2])
  end
  local shift = part.take.startoffs
    - context.stem.startoffs
    + (context.stem.position - part.item.position) * part.take.playrate
  local function along(seconds)
    return part.item.position + take_time(part.take, seconds + shift) / part.take.playrate
  end
  return along(label[1]), along(label[2])
end

local function words_of(label)
  return (tostring(label[3]):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- Put a line on the first original that it is heard in. Gives whether there was one.
local function mark(job, from, to, words)
  for _, original in ipairs(job.originals) do
    local item, take = original.part.item, original.part.take
    if from < item.position + item.length and to > item.position then
      local moment = (math.max(from, item.position) - item.position) * take.playrate
      -- Its pointer may have died with the envelopes of takes that were added.
      local now = reaper.GetMediaItemTakeByGUID(job.proj, take.guid)
      reaper.SetTakeMarker(now, -1, words, source_time(take, moment), COLOUR)
      return true
    end
  end
  return false
end

local function region(proj, from, to, words)
  if reaper.APIExists("AddRegionOrMarker") then
    reaper.AddRegionOrMarker(proj, true, from, to, words, -1, COLOUR)
  else
    reaper.AddProjectMarker2(proj, true, from, to, words, -1, COLOUR)
  end
end

-- The part of the timeline that was sent: nothing is written outside of it.
local function window(context)
  local stem = context.stem
  if not stem then
    return -math.huge, math.huge
  end
  return stem.position, stem.position + stem.length
end

-- Whether take markers can be put on every original: each is there, as it was, and unlocked.
local function markable(job)
  for _, original in ipairs(job.originals) do
    local live = original.live
    if not (original.part.take and live and live.take) or live.locked or live.change then
      return false
    end
  end
  return #job.originals > 0 and job.context.stem ~= nil
end

--- Place a transcript's lines; for use inside an undo block, `job.proj` being current. Gives how many
-- lines were placed, and a sentence where they aren't take markers though these were wished, or nil.
function M.place(job)
  local context, count, said = job.context, 0, nil
  local on_takes = context.texts ~= "regions" and markable(job)
  if context.texts ~= "regions" and not on_takes and #job.labels > 0 then
    said = "The transcript stands in regions: the item it was heard in is locked, changed or gone."
  end
  local first, last = window(context)
  for _, label in ipairs(job.labels) do
    local from, to = times(context, label)
    local words = words_of(label)
    if words ~= "" and from < last and to > first then
      from, to = math.max(from, first), math.min(to, last)
      if on_takes then
        count = count + (mark(job, from, to, words) and 1 or 0)
      else
        region(job.proj, from, to, words)
        count = count + 1
      end
    end
  end
  return count, said
end

return M
