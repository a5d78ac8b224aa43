-- The tracks that stems lie on: found again by their marks, or put in below the source.

local chunks = require("chunks")
local folders = require("folders")

local M = {
  SET = "P_EXT:stembridge_set",
  STEM = "P_EXT:stembridge_stem",
  JOB = "P_EXT:stembridge_job",
  FOLDER = "folder",
}

-- How a track plays what lies on it; its effects come apart from this.
local FADER =
  { "D_VOL", "D_PAN", "D_WIDTH", "D_DUALPANL", "D_DUALPANR", "I_PANMODE", "D_PANLAW", "B_PHASE", "I_FXEN" }
local DELAY = { "I_PLAY_OFFSET_FLAG", "D_PLAY_OFFSET" }
local FADER_ENVELOPES = {
  VOLENV = true,
  VOLENV2 = true,
  VOLENV3 = true,
  PANENV = true,
  PANENV2 = true,
  WIDTHENV = true,
  WIDTHENV2 = true,
  DUALPANENV = true,
  DUALPANENV2 = true,
  DUALPANENVL = true,
  DUALPANENVL2 = true,
  MUTEENV = true,
}
-- Automation modes above this one write.
local READ = 1
local SENDS = 0

local function text(track, name)
  local _, value = reaper.GetSetMediaTrackInfo_String(track, name, "", false)
  return value
end

local function set_text(track, name, value)
  reaper.GetSetMediaTrackInfo_String(track, name, value, true)
end

local function set(track, name, value)
  if not reaper.SetMediaTrackInfo_Value(track, name, value) then
    error("REAPER didn't take over a track's " .. name, 0)
  end
end

--- Find a track of the current tab by its GUID. Gives the track and its number from 1, or nil.
function M.by_guid(proj, guid)
  for index = 0, reaper.CountTracks(proj) - 1 do
    local track = reaper.GetTrack(proj, index)
    if reaper.GetTrackGUID(track) == guid then
      return track, index + 1
    end
  end
  return nil
end

--- Find the tracks of a set: {stem id = track}, and the number of the last of them (from 1), or nil.
function M.of_set(proj, key)
  local found, last = {}, nil
  for index = 0, reaper.CountTracks(proj) - 1 do
    local track = reaper.GetTrack(proj, index)
    if text(track, M.SET) == key then
      found[text(track, M.STEM)] = track
      last = index + 1
    end
  end
  return found, last
end

local function depths_of(proj)
  local depths = {}
  for index = 0, reaper.CountTracks(proj) - 1 do
    local depth = reaper.GetMediaTrackInfo_Value(reaper.GetTrack(proj, index), "I_FOLDERDEPTH")
    depths[#depths + 1] = math.floor(depth)
  end
  return depths
end

--- Put `count` tracks in below the track with that number (0: behind everything), with a folder track
-- before them where wanted; every other track stays in its folder. The current tab must be `proj`'s.
-- Gives the new tracks in order.
function M.insert(proj, number, count, folder)
  local depths = depths_of(proj)
  local plan = folders.plan(depths, number, count, folder)
  local new = {}
  for offset = 0, #plan.depths - 1 do
    reaper.InsertTrackAtIndex(plan.after + offset, false)
  end
  if plan.depth then
    depths[plan.after] = plan.depth
  end
  for offset, depth in ipairs(plan.depths) do
    table.insert(depths, plan.after + offset, depth)
    new[offset] = reaper.GetTrack(proj, plan.after + offset - 1)
  end
  -- Whatever REAPER made of the depths around, they are as planned afterwards.
  for index, depth in ipairs(depths) do
    local track = reaper.GetTrack(proj, index - 1)
    if reaper.GetMediaTrackInfo_Value(track, "I_FOLDERDEPTH") ~= depth then
      set(track, "I_FOLDERDEPTH", depth)
    end
  end
  return new
end

--- Give a colour (three numbers up to 255, or nil) as REAPER wants it; 0 is no colour.
function M.native_colour(rgb)
  if not rgb then
    return 0
  end
  return reaper.ColorToNative(rgb[1], rgb[2], rgb[3]) | 0x1000000
end

--- Name, colour and mark a new track.
function M.dress(track, look)
  set_text(track, "P_NAME", look.name)
  set_text(track, M.SET, look.set)
  set_text(track, M.STEM, look.stem)
  set_text(track, M.JOB, look.job)
  set(track, "C_BEATATTACHMODE", 0)
  if look.colour ~= 0 then
    set(track, "I_CUSTOMCOLOR", look.colour)
  end
end

--- Make sure that a track has that many channels.
function M.widen(track, channels)
  local wanted = channels + channels % 2
  if wanted > reaper.GetMediaTrackInfo_Value(track, "I_NCHAN") then
    set(track, "I_NCHAN", wanted)
  end
end

--- Copy what delays a track's media.
function M.copy_delay(source, target)
  for _, name in ipairs(DELAY) do
    set(target, name, reaper.GetMediaTrackInfo_Value(source, name))
  end
end

--- Copy how a track sounds to one that holds nothing yet: effects, fader, pan, and their envelopes.
-- Gives a sentence where something stays behind, or nil.
function M.copy_sound(source, target)
  local envelopes = {}
  for index = 0, reaper.CountTrackEnvelopes(source) - 1 do
    local _, chunk = reaper.GetEnvelopeStateChunk(reaper.GetTrackEnvelope(source, index), "", false)
    if FADER_ENVELOPES[chunks.kind(chunk)] then
      envelopes[#envelopes + 1] = chunks.envelope(chunk, 0, 1)
    end
  end
  if #envelopes > 0 then
    chunks.add_to_track(target, envelopes)
  end
  M.widen(target, math.floor(reaper.GetMediaTrackInfo_Value(source, "I_NCHAN")))
  for _, name in ipairs(FADER) do
    set(target, name, reaper.GetMediaTrackInfo_Value(source, name))
  end
  -- How fader and envelopes work together, but never a mode that writes.
  set(target, "I_AUTOMODE", math.min(READ, reaper.GetMediaTrackInfo_Value(source, "I_AUTOMODE")))
  for index = 0, reaper.TrackFX_GetCount(source) - 1 do
    reaper.TrackFX_CopyToTrack(source, index, target, index, false)
  end
  if reaper.GetTrackNumSends(source, SENDS) > 0 then
    return ("The sends of '%s' weren't copied to the stems' tracks."):format(M.name(source))
  end
  return nil
end

--- Give a track's name; where it has none, what REAPER shows.
function M.name(track)
  local _, name = reaper.GetTrackName(track)
  return name
end

return M
