-- What the user has selected: razor edits, or else items, or else a time selection on selected tracks.
--
-- An entry is one thing to separate: an item, or a stretch of a track with the items in it.

local items = require("items")
local media = require("media")

local M = {}

--- The most entries that are taken at a time.
M.MOST = 100

local FIXED_LANES = 2
local NEARLY = 1e-9

local NOTHING = "Nothing is selected: select items, or draw a razor edit, or make a time selection on "
  .. "selected tracks."

--- Say whether an item can be heard as far as lanes go: it plays, or its track has none.
function M.lane_plays(item)
  if not items.has_lanes() then
    return true
  end
  local track = reaper.GetMediaItem_Track(item)
  return reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE") ~= FIXED_LANES
    or reaper.GetMediaItemInfo_Value(item, "C_LANEPLAYS") > 0
end

--- Describe an item: {item, track, take, media, position, length, name}; take and media are nil for an item
-- without an active take.
function M.subject(item)
  local take = reaper.GetActiveTake(item)
  local track = reaper.GetMediaItem_Track(item)
  local name = take and reaper.GetTakeName(take) or ""
  if name == "" then
    local _, track_name = reaper.GetTrackName(track)
    name = track_name
  end
  return {
    item = item,
    track = track,
    take = take,
    takes = reaper.CountTakes(item),
    media = take and media.describe(take),
    position = reaper.GetMediaItemInfo_Value(item, "D_POSITION"),
    length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH"),
    name = name,
  }
end

--- Read a track's razor edits: a list of {start, stop}, those on envelopes left out.
function M.razor_areas(text)
  local areas = {}
  for start, stop, envelope in text:gmatch('(%S+)%s+(%S+)%s+("[^"]*")') do
    start, stop = tonumber(start), tonumber(stop)
    if start and stop and stop > start and envelope == '""' then
      areas[#areas + 1] = { start = start, stop = stop }
    end
  end
  return areas
end

-- The items of a track that sound between two times.
local function items_between(track, start, stop)
  local found = {}
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    if position < stop - NEARLY then
      local last = position + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
      if last > start + NEARLY and M.lane_plays(item) and reaper.GetActiveTake(item) then
        found[#found + 1] = M.subject(item)
      end
    end
  end
  return found
end

local function area_entry(track, start, stop)
  local _, name = reaper.GetTrackName(track)
  local subjects = items_between(track, start, stop)
  return { track = track, start = start, stop = stop, subjects = subjects, whole = false, name = name }
end

local function item_entry(item)
  local subject = M.subject(item)
  return {
    track = subject.track,
    start = subject.position,
    stop = subject.position + subject.length,
    subjects = { subject },
    whole = true,
    name = subject.name,
  }
end

local function from_razor(proj)
  local entries = {}
  for index = 0, reaper.CountTracks(proj) - 1 do
    local track = reaper.GetTrack(proj, index)
    local _, text = reaper.GetSetMediaTrackInfo_String(track, "P_RAZOREDITS", "", false)
    for _, area in ipairs(M.razor_areas(text)) do
      if #entries <= M.MOST then
        entries[#entries + 1] = area_entry(track, area.start, area.stop)
      end
    end
  end
  return entries
end

local function from_items(proj)
  local entries = {}
  for index = 0, math.min(reaper.CountSelectedMediaItems(proj), M.MOST + 1) - 1 do
    entries[#entries + 1] = item_entry(reaper.GetSelectedMediaItem(proj, index))
  end
  return entries
end

local function from_time(proj)
  local start, stop = reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false)
  local entries = {}
  if stop > start then
    for index = 0, math.min(reaper.CountSelectedTracks(proj), M.MOST + 1) - 1 do
      entries[#entries + 1] = area_entry(reaper.GetSelectedTrack(proj, index), start, stop)
    end
  end
  return entries
end

-- Areas in which nothing lies are passed over, as long as something lies in another.
local function with_items(entries)
  local kept = {}
  for _, entry in ipairs(entries) do
    if #entry.subjects > 0 then
      kept[#kept + 1] = entry
    end
  end
  return kept
end

--- Read the selection of a project, which must be the current tab.
-- Gives {kind = "razor" | "items" | "time", entries}, or nil and a sentence.
function M.read(proj)
  for _, way in ipairs({ { "razor", from_razor }, { "items", from_items }, { "time", from_time } }) do
    local kind, entries = way[1], way[2](proj)
    if #entries > M.MOST then
      return nil, ("More than %d things are selected: select fewer at a time."):format(M.MOST)
    end
    if #entries > 0 then
      local kept = with_items(entries)
      if #kept == 0 then
        return nil, "The selection holds no items: select where there is audio."
      end
      return { kind = kind, entries = kept }
    end
  end
  return nil, NOTHING
end

return M
