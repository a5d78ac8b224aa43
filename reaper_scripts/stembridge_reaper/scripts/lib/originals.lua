-- What became of the items that were sent, and what is done with them once the stems are there.

local items = require("items")
local tracks = require("tracks")

local M = {}

local EDGE = 1e-7

local function name_of(part)
  local name = part.take and part.take.name or ""
  return name ~= "" and name or part.track.name
end

--- Find the originals of a job in the current tab: a list of {part, live} (live as items.find gives it),
-- and sentences on those that are no longer as they were.
function M.find(proj, context)
  local found, notes = {}, {}
  for _, part in ipairs(context.parts) do
    local live = items.find(proj, part)
    found[#found + 1] = { part = part, live = live }
    if part.item and not live then
      notes[#notes + 1] = ("'%s' isn't there any more: the stems lie where it was."):format(name_of(part))
    elseif live and live.change then
      local words = "'%s' was %s meanwhile: the stems lie where it was when it was sent."
      notes[#notes + 1] = words:format(name_of(part), live.change)
    end
  end
  return found, notes
end

-- Whether the stems replace all of an item.
local function replaced(job, part)
  local stem = job.context.stem
  if not stem then
    return false
  end
  local grain = job.context.span and 1 / job.context.span.rate or EDGE
  local ends = stem.position + stem.length - part.item.position - part.item.length
  return stem.position < part.item.position + EDGE and ends > -grain - EDGE
end

local function mute_item(job, original)
  local part, live = original.part, original.live
  if not live or live.change then
    return live and ("'%s' isn't muted, since it was changed."):format(name_of(part)) or nil
  elseif live.locked then
    return ("'%s' is locked and isn't muted."):format(name_of(part))
  elseif not replaced(job, part) then
    return ("'%s' isn't muted: only a part of it was separated."):format(name_of(part))
  end
  reaper.SetMediaItemInfo_Value(live.item, "B_MUTE", 1)
  return nil
end

--- Leave or mute the originals, as the job says; `where` is where its stems lie. Gives sentences on those
-- that stay as they are.
function M.quieten(job, where)
  local notes = {}
  local wish = job.context.original
  if wish == "leave" or where == "takes" or #job.audio == 0 then
    return notes -- among takes, another one plays: the item itself must sound
  end
  for _, original in ipairs(job.originals) do
    if wish == "mute_item" or where == "lanes" then
      notes[#notes + 1] = original.part.item and mute_item(job, original) or nil
    else
      local track = tracks.by_guid(job.proj, original.part.track.guid)
      if track then
        reaper.SetMediaTrackInfo_Value(track, "B_MUTE", 1)
      end
    end
  end
  return notes
end

return M
