-- Several models' stems of one region: a track for each stem, and on it the models as takes of one item, or
-- as its fixed lanes.

local items = require("items")
local layouts = require("layouts")
local stems = require("stems")
local tracks = require("tracks")

local M = { COMPARE = "P_EXT:stembridge_compare" }

local FIXED_LANES = 2
local SILENT, ALONE = 0, 1

local function look(job, row)
  return {
    name = ("%s (%s)"):format(row.label, job.context.compare.title),
    set = job.set,
    stem = row.id,
    job = job.id,
  }
end

-- The item of a track that holds this comparison's takes of the stem, or nil.
local function shared_item(job, track)
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local _, of = reaper.GetSetMediaItemInfo_String(item, M.COMPARE, "", false)
    if of == job.context.compare.id then
      return item
    end
  end
  return nil
end

local function as_take(job, track, row)
  local item = shared_item(job, track)
  local part = #job.originals == 1 and job.originals[1].part or nil
  if item then
    local _, said = stems.add_take(item, row, job.context, part, look(job, row))
    reaper.UpdateItemInProject(item)
    job.placed.takes[#job.placed.takes + 1] = row.take_guid
    return said
  end
  local said
  item, said = stems.add_item(track, row, job.context, part, look(job, row))
  reaper.GetSetMediaItemInfo_String(item, M.COMPARE, job.context.compare.id, true)
  job.placed.items[#job.placed.items + 1] = items.item_guid(item)
  return said
end

-- The lane that has a name, and how many lanes the track has.
local function lane_named(track, name)
  local count = math.max(1, math.floor(reaper.GetMediaTrackInfo_Value(track, "I_NUMFIXEDLANES")))
  for lane = 0, count - 1 do
    local _, found = reaper.GetSetMediaTrackInfo_String(track, ("P_LANENAME:%d"):format(lane), "", false)
    if found == name then
      return lane, count
    end
  end
  return nil, count
end

local function name_lane(track, lane, name, plays)
  reaper.GetSetMediaTrackInfo_String(track, ("P_LANENAME:%d"):format(lane), name, true)
  reaper.SetMediaTrackInfo_Value(track, ("C_LANEPLAYS:%d"):format(lane), plays)
end

-- A track of lanes: the first model's plays, the others wait.
local function as_lane(job, track, row)
  local title = job.context.compare.title
  local lane = 0
  if reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE") ~= FIXED_LANES then
    reaper.SetMediaTrackInfo_Value(track, "I_FREEMODE", FIXED_LANES)
    name_lane(track, lane, title, ALONE)
  else
    local count
    lane, count = lane_named(track, title)
    if not lane then
      lane = count
      reaper.SetMediaTrackInfo_Value(track, "I_NUMFIXEDLANES", count + 1)
      name_lane(track, lane, title, SILENT)
    end
  end
  local part = #job.originals == 1 and job.originals[1].part or nil
  local item, said = stems.add_item(track, row, job.context, part, look(job, row))
  reaper.SetMediaItemInfo_Value(item, "I_FIXEDLANE", lane)
  job.placed.items[#job.placed.items + 1] = items.item_guid(item)
  return said
end

--- Place a compared job's stems beside those of the other models, wherever these are already; for use inside
-- an undo block, `job.proj` being current.
function M.place(job)
  job.set = job.set .. "/" .. layouts.track_guid(job)
  local found, last = tracks.of_set(job.proj, job.set)
  layouts.make_tracks(job, found, last, false)
  local in_lanes = job.context.where == "lanes" and items.has_lanes()
  for _, row in ipairs(job.audio) do
    local track = found[row.id]
    tracks.widen(track, row.channels)
    local said = (in_lanes and as_lane or as_take)(job, track, row)
    if said then
      layouts.note(job, said)
    end
  end
  if in_lanes then
    if reaper.APIExists("UpdateItemLanes") then
      reaper.UpdateItemLanes(job.proj)
    end
    reaper.UpdateTimeline()
  end
end

return M
