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
-- What looking at an item or a track costs, against describing an item.
local GLANCE = 0.1
local ROWS_AT_ONCE = 100
local SUBJECTS_AT_ONCE = 10

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

local Reader = {}
Reader.__index = Reader

--- Begin to read the selection of a project, which must be the current tab during every step.
-- `examine(subject)` is called for every item of a stretch of track.
function M.reader(proj, examine)
  return setmetatable(
    { proj = proj, examine = examine, tasks = {}, head = 1, stage = 0, entries = {} },
    Reader
  )
end

-- Put off a piece of work: `task()` gives what it cost.
local function later(reader, task)
  reader.tasks[#reader.tasks + 1] = task
end

local function add_entry(reader, entry)
  reader.entries[#reader.entries + 1] = entry
  return entry
end

-- Where a track's items lie, by position: {item, position, stop, latest}; `latest` is the end of whichever
-- item up to this one ends last, so that it only grows.
local function order_rows(rows)
  for index = 2, #rows do
    if rows[index].position < rows[index - 1].position then -- REAPER sorts a track's items, but not at once
      table.sort(rows, function(one, other)
        return one.position < other.position
      end)
      break
    end
  end
  local latest = -math.huge
  for _, row in ipairs(rows) do
    latest = math.max(latest, row.stop)
    row.latest = latest
  end
end

local function read_rows(reader, track, rows, from)
  local last = math.min(reaper.CountTrackMediaItems(track), from + ROWS_AT_ONCE)
  for index = from, last - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
    local stop = position + reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
    rows[#rows + 1] = { item = item, position = position, stop = stop }
  end
  return last
end

-- The first row behind whose beginning something still sounds at `time`.
local function first_after(rows, time)
  local low, high = 1, #rows + 1
  while low < high do
    local middle = (low + high) // 2
    if rows[middle].latest > time then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- Describe the items of an entry, from a row on, some at a time.
local function fill(reader, entry, rows, index)
  local found = 0
  while index <= #rows and rows[index].position < entry.stop - NEARLY and found < SUBJECTS_AT_ONCE do
    local row = rows[index]
    if row.stop > entry.start + NEARLY and M.lane_plays(row.item) and reaper.GetActiveTake(row.item) then
      local subject = M.subject(row.item)
      reader.examine(subject)
      entry.subjects[#entry.subjects + 1] = subject
      found = found + 1
    end
    index = index + 1
  end
  if index <= #rows and rows[index].position < entry.stop - NEARLY then
    later(reader, function()
      return fill(reader, entry, rows, index)
    end)
  end
  return 2 * found + GLANCE
end

-- Read the stretches of a track: its items' places first, then what lies in each stretch.
local function read_areas(reader, track, areas)
  local rows = {}
  local function look(from)
    local reached = read_rows(reader, track, rows, from)
    if reached < reaper.CountTrackMediaItems(track) then
      later(reader, function()
        return look(reached)
      end)
    else
      order_rows(rows)
      local _, name = reaper.GetTrackName(track)
      for _, area in ipairs(areas) do
        local entry =
          { track = track, start = area.start, stop = area.stop, subjects = {}, whole = false, name = name }
        if #reader.entries > M.MOST then
          break
        end
        add_entry(reader, entry)
        later(reader, function()
          return fill(reader, entry, rows, first_after(rows, entry.start + NEARLY))
        end)
      end
    end
    return (reached - from) * GLANCE
  end
  return look(0)
end

local function read_item(reader, item)
  local subject = M.subject(item)
  add_entry(reader, {
    track = subject.track,
    start = subject.position,
    stop = subject.position + subject.length,
    subjects = { subject },
    whole = true,
    name = subject.name,
  })
  return 1
end

local function razor(reader)
  for index = 0, reaper.CountTracks(reader.proj) - 1 do
    later(reader, function()
      local track = reaper.GetTrack(reader.proj, index)
      local _, text = reaper.GetSetMediaTrackInfo_String(track, "P_RAZOREDITS", "", false)
      local areas = text ~= "" and M.razor_areas(text) or {}
      return GLANCE + (#areas > 0 and read_areas(reader, track, areas) or 0)
    end)
  end
end

local function chosen_items(reader)
  for index = 0, math.min(reaper.CountSelectedMediaItems(reader.proj), M.MOST + 1) - 1 do
    later(reader, function()
      return read_item(reader, reaper.GetSelectedMediaItem(reader.proj, index))
    end)
  end
end

local function time(reader)
  local start, stop = reaper.GetSet_LoopTimeRange2(reader.proj, false, false, 0, 0, false)
  if stop <= start then
    return
  end
  for index = 0, math.min(reaper.CountSelectedTracks(reader.proj), M.MOST + 1) - 1 do
    later(reader, function()
      local track = reaper.GetSelectedTrack(reader.proj, index)
      return read_areas(reader, track, { { start = start, stop = stop } })
    end)
  end
end

local STAGES = { { "razor", razor }, { "items", chosen_items }, { "time", time } }

-- Stretches in which nothing lies are passed over, as long as something lies in another.
local function with_items(entries)
  local kept = {}
  for _, entry in ipairs(entries) do
    if #entry.subjects > 0 then
      kept[#kept + 1] = entry
    end
  end
  return kept
end

local function conclude(reader)
  if #reader.entries > M.MOST then
    return false, ("More than %d things are selected: select fewer at a time."):format(M.MOST)
  end
  local kept = with_items(reader.entries)
  if #kept == 0 then
    return false, "The selection holds no items: select tracks, or parts of them, that hold audio themselves."
  end
  return true, { kind = STAGES[reader.stage][1], entries = kept }
end

--- Carry on with about as much work as describing `most` items takes.
-- Gives nil when there is more to do; true and {kind = "razor" | "items" | "time", entries}; or false and a
-- sentence.
function Reader:step(most)
  while most > 0 do
    local task = self.tasks[self.head]
    if task then
      self.tasks[self.head] = false
      self.head = self.head + 1
      most = most - task()
    elseif #self.entries > 0 then
      return conclude(self)
    elseif self.stage == #STAGES then
      return false, NOTHING
    else
      self.stage = self.stage + 1
      STAGES[self.stage][2](self)
    end
  end
  return nil
end

return M
