-- What an item was when it was sent, and what a stem's item becomes: plain facts, copied bit for bit.

local chunks = require("chunks")

local M = {}

-- Properties that a stem's item takes over where they weren't printed into the audio, by their own names.
local ITEM_INFO = {
  "D_VOL",
  "D_SNAPOFFSET",
  "D_FADEINLEN",
  "D_FADEOUTLEN",
  "D_FADEINLEN_AUTO",
  "D_FADEOUTLEN_AUTO",
  "D_FADEINDIR",
  "D_FADEOUTDIR",
  "C_FADEINSHAPE",
  "C_FADEOUTSHAPE",
  "I_GROUPID",
}
local TAKE_INFO = {
  "D_VOL",
  "D_PAN",
  "D_PANLAW",
  "D_PITCH",
  "B_PPITCH",
  "I_CHANMODE",
  "I_PITCHMODE",
  "I_STRETCHFLAGS",
  "F_STRETCHFADESIZE",
}
local KINDS = { VOLENV = true, PANENV = true, MUTEENV = true, PITCHENV = true }
local LOCKED = 1
-- Since 7.0; before, an item has no lane.
local LANES_FROM = 7
-- Two positions that differ by less weren't changed by anybody (seconds).
local GRAIN = 1e-9

--- Say whether this REAPER has fixed lanes.
function M.has_lanes()
  local major = tonumber(reaper.GetAppVersion():match("^%s*(%d+)")) or 0
  return major >= LANES_FROM
end

local function guid_of(getter, object)
  local _, guid = getter(object, "GUID", "", false)
  return guid
end

function M.item_guid(item)
  return guid_of(reaper.GetSetMediaItemInfo_String, item)
end

function M.take_guid(take)
  return guid_of(reaper.GetSetMediaItemTakeInfo_String, take)
end

-- The facts of a track; it must belong to the current tab.
function M.track_facts(track)
  local _, name = reaper.GetSetMediaTrackInfo_String(track, "P_NAME", "", false)
  return {
    guid = reaper.GetTrackGUID(track),
    name = name,
    number = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER")),
    colour = math.floor(reaper.GetMediaTrackInfo_Value(track, "I_CUSTOMCOLOR")),
  }
end

local function stretch_markers(take)
  local found = {}
  for index = 0, reaper.GetTakeNumStretchMarkers(take) - 1 do
    local _, pos, srcpos = reaper.GetTakeStretchMarker(take, index)
    found[#found + 1] = { pos = pos, srcpos = srcpos, slope = reaper.GetTakeStretchMarkerSlope(take, index) }
  end
  return found
end

-- Volume, pan, mute and pitch envelopes as text, without their ids: a copy gets its own.
-- Envelopes of take FX travel with the FX.
local function envelopes(take)
  local found = {}
  for index = 0, reaper.CountTakeEnvelopes(take) - 1 do
    local _, text = reaper.GetEnvelopeStateChunk(reaper.GetTakeEnvelope(take, index), "", false)
    if KINDS[chunks.kind(text)] then
      found[#found + 1] = chunks.envelope(text, 0, 1)
    end
  end
  return found
end

-- The facts of an item and one of its takes, as host_context keeps them (tests/golden/host_context.md).
-- Both must belong to the current tab; `take` is nil where only the item matters.
function M.snapshot(item, take)
  local info = {}
  for _, name in ipairs(ITEM_INFO) do
    info[name] = reaper.GetMediaItemInfo_Value(item, name)
  end
  if M.has_lanes() then
    info.I_FIXEDLANE = reaper.GetMediaItemInfo_Value(item, "I_FIXEDLANE")
  end
  local lock = math.floor(reaper.GetMediaItemInfo_Value(item, "C_LOCK"))
  local part = {
    track = M.track_facts(reaper.GetMediaItem_Track(item)),
    item = {
      guid = M.item_guid(item),
      position = reaper.GetMediaItemInfo_Value(item, "D_POSITION"),
      length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH"),
      locked = lock % 2 == LOCKED,
      info = info,
    },
  }
  if take then
    local take_info = {}
    for _, name in ipairs(TAKE_INFO) do
      take_info[name] = reaper.GetMediaItemTakeInfo_Value(take, name)
    end
    part.take = {
      guid = M.take_guid(take),
      name = reaper.GetTakeName(take),
      number = math.floor(reaper.GetMediaItemTakeInfo_Value(take, "IP_TAKENUMBER")),
      startoffs = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS"),
      playrate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE"),
      fx = reaper.TakeFX_GetCount(take),
      info = take_info,
      stretch = stretch_markers(take),
      envelopes = envelopes(take),
    }
  end
  return part
end

local function find_item(proj, guid)
  for index = 0, reaper.CountMediaItems(proj) - 1 do
    local item = reaper.GetMediaItem(proj, index)
    if M.item_guid(item) == guid then
      return item
    end
  end
  return nil
end

local function differs(one, other)
  return math.abs(one - other) > GRAIN
end

-- Say in a word what was done to an item since, or nil.
local function change(part, now)
  if now.track.guid ~= part.track.guid then
    return "moved to another track"
  elseif differs(now.item.position, part.item.position) then
    return "moved"
  elseif differs(now.item.length, part.item.length) then
    return "trimmed"
  elseif part.take then
    if not now.take then
      return "given another take"
    elseif
      differs(now.take.startoffs, part.take.startoffs) or differs(now.take.playrate, part.take.playrate)
    then
      return "changed"
    end
  end
  return nil
end

--- Find an item that was sent, in the current tab. Gives {item, take, locked, change (a word, or nil where
-- it lies as it was sent)}, or nil where it is gone.
function M.find(proj, part)
  if not part.item then
    return nil
  end
  local take = part.take and reaper.GetMediaItemTakeByGUID(proj, part.take.guid) or nil
  local item = take and reaper.GetMediaItemTake_Item(take) or find_item(proj, part.item.guid)
  if not item then
    return nil
  end
  local now = M.snapshot(item, take)
  return { item = item, take = take, locked = now.item.locked, change = change(part, now), now = now }
end

return M
