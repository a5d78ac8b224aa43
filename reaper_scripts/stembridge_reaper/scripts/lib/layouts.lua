-- Where stems go: tracks of their own, tracks in a folder, takes of the source's item, its fixed lanes.

local files = require("files")
local items = require("items")
local stems = require("stems")
local tracks = require("tracks")

local M = {}

local DASH = " – "
local FREE_POSITIONING, FIXED_LANES = 1, 2
-- An item's lane is silent, plays alone, or plays beside others.
local SILENT, BESIDE = 0, 2

local function say(job, words, ...)
  job.notes[#job.notes + 1] = words:format(...)
end

-- The one original that takes or lanes can be added to, or nil; says why not.
local function sole(job)
  local original = #job.originals == 1 and job.originals[1] or nil
  if job.context.mode == "heard" then
    say(job, "The stems hold the track's effects and fades already and would get them twice there.")
    return nil
  elseif not (original and original.part.take) then
    return nil
  elseif not original.live or original.live.change then
    return nil -- said with what happened to the item
  elseif original.live.locked then
    say(job, "The item is locked and stays untouched.")
    return nil
  end
  return original
end

local function covers(job, original)
  local stem, item = job.context.stem, original.part.item
  return stem.position == item.position and stem.length == item.length
end

--- Decide where a job's stems go: "tracks", "folder", "takes" or "lanes". What can't be done as it was
-- wished is said in job.notes.
function M.choose(job)
  local wish = job.context.where
  local beside = #job.audio == 1 and job.audio[1].kind == "audio" and job.context.mode ~= "heard"
  if beside and wish ~= "lanes" then
    wish = "takes" -- one other version of the item: a take beside it
  end
  if wish ~= "takes" and wish ~= "lanes" then
    return wish
  end
  local said = #job.notes
  local original = job.context.stem and sole(job)
  if original and wish == "lanes" then
    local track = reaper.GetMediaItem_Track(original.live.item)
    if not items.has_lanes() then
      say(job, "This REAPER has no fixed lanes: the stems are takes of the item.")
      wish = "takes"
    elseif reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE") == FREE_POSITIONING then
      say(job, "The track positions its items freely: the stems are takes of the item.")
      wish = "takes"
    end
  end
  if original and wish == "takes" and not covers(job, original) then
    say(job, "Only a part of the item was separated.")
    original = nil
  end
  if not original then
    if #job.notes > said then
      job.notes[#job.notes] = job.notes[#job.notes] .. " The stems lie on new tracks."
    end
    return "tracks"
  end
  return wish
end

-- The tracks that were sent and are still there, the lowest last.
local function sources(job)
  local found = {}
  for _, original in ipairs(job.originals) do
    local track, number = tracks.by_guid(job.proj, original.part.track.guid)
    if track then
      found[#found + 1] = { track = track, number = number, part = original.part }
    end
  end
  table.sort(found, function(one, other)
    return one.number < other.number
  end)
  return found
end

--- Give the GUID of the lowest track that was sent: the stems' tracks belong to it.
function M.track_guid(job)
  local last = ""
  local number = 0
  for _, original in ipairs(job.originals) do
    if original.part.track.number >= number then
      last, number = original.part.track.guid, original.part.track.number
    end
  end
  return last
end

-- What the stems are called after: the track, or the file's name where several tracks were sent.
local function track_title(job)
  local title, guid
  for _, original in ipairs(job.originals) do
    local facts = original.part.track
    if guid and facts.guid ~= guid then
      title = nil
      break
    end
    guid = facts.guid
    title = facts.name ~= "" and facts.name or ("Track %d"):format(facts.number)
  end
  if title then
    return title
  end
  return (files.stem(job.audio[1].path):gsub(" %- [^-]*$", ""))
end

local function take_title(job)
  local part = #job.originals == 1 and job.originals[1].part
  if part and part.take and part.take.name ~= "" then
    return part.take.name
  end
  return track_title(job)
end

-- A stem's name; of what isn't a separation, with its kind.
local function label_of(job, row)
  local title = job.context.title
  return type(title) == "string" and ("%s (%s)"):format(row.label, title) or row.label
end

local function look(job, row)
  return {
    name = take_title(job) .. DASH .. label_of(job, row),
    set = job.set,
    stem = row.id,
    job = job.id,
  }
end

--- Say a sentence to the user, once.
function M.note(job, sentence)
  for _, known in ipairs(job.notes) do
    if known == sentence then
      return
    end
  end
  job.notes[#job.notes + 1] = sentence
end

local function missing(job, found)
  local rows = {}
  for _, row in ipairs(job.audio) do
    if not found[row.id] then
      rows[#rows + 1] = row
    end
  end
  return rows
end

local function dress(job, track, stem, label, colour)
  local name = track_title(job) .. DASH .. label
  tracks.dress(track, { name = name, set = job.set, stem = stem, job = job.id, colour = colour })
end

local function copy_sound(job, source, track)
  local said = tracks.copy_sound(source, track)
  if said then
    M.note(job, said)
  end
end

--- Make the tracks that a set lacks below the source, and note them in `found` ({stem id = track}).
-- @param last the number of the last track that is there, or nil
-- @param folder true: in a folder of their own
function M.make_tracks(job, found, last, folder)
  local rows, from = missing(job, found), sources(job)
  if #rows == 0 then
    return
  end
  local source = #from > 0 and from[#from] or nil
  if not source and #job.originals > 0 then
    M.note(job, "The source's track is gone: the stems lie on new tracks behind the others.")
  end
  local fresh = next(found) == nil
  local new = tracks.insert(job.proj, last or source and source.number or 0, #rows, folder and fresh)
  local live = job.context.fx == "copy" and job.context.mode ~= "heard" and source and source.track
  if folder and fresh then
    local parent = table.remove(new, 1)
    dress(job, parent, tracks.FOLDER, "stems", 0)
    found[tracks.FOLDER] = parent
    if live then
      copy_sound(job, live, parent)
    end
  end
  for index, row in ipairs(rows) do
    local track = new[index]
    dress(job, track, row.id, label_of(job, row), tracks.native_colour(row.rgb))
    if live then
      tracks.copy_delay(live, track)
      if not folder then
        copy_sound(job, live, track)
      end
    end
    found[row.id] = track
    job.placed.tracks[#job.placed.tracks + 1] = reaper.GetTrackGUID(track)
  end
end

local function on_tracks(job, folder)
  job.set = job.set .. "/" .. M.track_guid(job)
  local found, last = tracks.of_set(job.proj, job.set)
  local parent = found[tracks.FOLDER]
  if #missing(job, found) == #job.audio then -- nothing but a folder is left of the set
    found, last, parent = {}, nil, nil
  end
  M.make_tracks(job, found, last, folder)
  parent = parent or found[tracks.FOLDER]
  local original = #job.originals == 1 and job.originals[1] or {}
  for _, row in ipairs(job.audio) do
    local track = found[row.id]
    tracks.widen(track, row.channels)
    if parent then
      tracks.widen(parent, row.channels)
    end
    local item, said = stems.add_item(track, row, job.context, original.part, look(job, row))
    job.placed.items[#job.placed.items + 1] = items.item_guid(item)
    if said then
      M.note(job, said)
    end
  end
end

local function as_takes(job)
  local original = sole(job)
  local item = original.live.item
  local active = reaper.GetMediaItemInfo_Value(item, "I_CURTAKE")
  if job.context.original ~= "leave" then
    active = reaper.CountTakes(item) -- the first new one plays instead
  end
  for _, row in ipairs(job.audio) do
    local _, said = stems.add_take(item, row, job.context, original.part, look(job, row))
    job.placed.takes[#job.placed.takes + 1] = row.take_guid
    if said then
      M.note(job, said)
    end
  end
  for _, row in ipairs(job.audio) do -- last: the pointers of takes die while others are added
    stems.colour(reaper.GetMediaItemTakeByGUID(job.proj, row.take_guid), tracks.native_colour(row.rgb))
  end
  reaper.SetMediaItemInfo_Value(item, "I_CURTAKE", active)
  reaper.UpdateItemInProject(item)
end

-- The lanes of a track that hold stems of a set: {stem id = lane}, and how many lanes are in use.
local function lanes_of(track, set)
  local found, used = {}, 1
  for index = 0, reaper.CountTrackMediaItems(track) - 1 do
    local item = reaper.GetTrackMediaItem(track, index)
    local lane = math.floor(reaper.GetMediaItemInfo_Value(item, "I_FIXEDLANE"))
    used = math.max(used, lane + 1)
    local _, of_set = reaper.GetSetMediaItemInfo_String(item, stems.SET, "", false)
    if of_set == set then
      local _, stem = reaper.GetSetMediaItemInfo_String(item, stems.STEM, "", false)
      found[stem] = lane
    end
  end
  return found, used
end

local function in_lanes(job)
  local original = sole(job)
  local track = reaper.GetMediaItem_Track(original.live.item)
  job.set = job.set .. "/" .. original.part.track.guid
  local found, used = lanes_of(track, job.set)
  if reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE") == FIXED_LANES then
    used = math.max(used, math.floor(reaper.GetMediaTrackInfo_Value(track, "I_NUMFIXEDLANES")))
  else
    reaper.SetMediaTrackInfo_Value(track, "I_FREEMODE", FIXED_LANES)
  end
  local instead = job.context.original ~= "leave"
  for _, row in ipairs(job.audio) do
    local lane = found[row.id]
    local item, said = stems.add_item(track, row, job.context, original.part, look(job, row))
    stems.colour(reaper.GetMediaItemTakeByGUID(job.proj, row.take_guid), tracks.native_colour(row.rgb))
    if not lane then
      lane, used = used, used + 1
      reaper.SetMediaTrackInfo_Value(track, "I_NUMFIXEDLANES", used)
      reaper.GetSetMediaTrackInfo_String(track, ("P_LANENAME:%d"):format(lane), label_of(job, row), true)
      reaper.SetMediaTrackInfo_Value(track, ("C_LANEPLAYS:%d"):format(lane), instead and BESIDE or SILENT)
    end
    reaper.SetMediaItemInfo_Value(item, "I_FIXEDLANE", lane)
    job.placed.items[#job.placed.items + 1] = items.item_guid(item)
    tracks.widen(track, row.channels)
    if said then
      M.note(job, said)
    end
  end
  if instead and reaper.GetMediaTrackInfo_Value(track, "C_LANEPLAYS:0") ~= SILENT then
    -- Other items of the first lane go on playing; the original is muted as an item.
    reaper.SetMediaTrackInfo_Value(track, "C_LANEPLAYS:0", BESIDE)
  end
  if reaper.APIExists("UpdateItemLanes") then
    reaper.UpdateItemLanes(job.proj)
  end
  reaper.UpdateTimeline()
end

--- Place a job's audio in the way `where` names; for use inside an undo block, `job.proj` being current.
function M.place(job, where)
  if where == "takes" then
    as_takes(job)
  elseif where == "lanes" then
    in_lanes(job)
  else
    on_tracks(job, where == "folder")
  end
end

return M
