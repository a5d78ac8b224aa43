-- A stem becomes an item or a take: placed to the bit, and live wherever the original's edits weren't
-- printed into the audio.
--
-- source: everything of the original's item and take stays live. accessor: rate, pitch, stretch markers
-- are printed, volume, pan, envelopes and fades are live. heard: all is printed, nothing is live.

local chunks = require("chunks")
local items = require("items")
local projects = require("projects")

local M = { JOB = "P_EXT:stembridge_job", SET = "P_EXT:stembridge_set", STEM = "P_EXT:stembridge_stem" }

local PLAIN_ITEM = {
  D_VOL = 1,
  D_SNAPOFFSET = 0,
  D_FADEINLEN = 0,
  D_FADEOUTLEN = 0,
  D_FADEINLEN_AUTO = -1,
  D_FADEOUTLEN_AUTO = -1,
}
local PLAIN_TAKE = { D_VOL = 1, D_PAN = 0, D_PANLAW = -1, D_PITCH = 0, B_PPITCH = 1, I_CHANMODE = 0 }
local PRINTED = {
  D_PITCH = true,
  B_PPITCH = true,
  I_CHANMODE = true,
  I_PITCHMODE = true,
  I_STRETCHFLAGS = true,
  F_STRETCHFADESIZE = true,
}
-- Two times that differ by less are the same edge: far below a sample, far above a double's grain.
local EDGE = 1e-7

local function merged(base, more)
  local all = {}
  for name, value in pairs(base) do
    all[name] = value
  end
  for name, value in pairs(more) do
    all[name] = value
  end
  return all
end

local function set_all(setter, object, values)
  for name, value in pairs(values) do
    if not setter(object, name, value) then
      error("REAPER didn't take over " .. name, 0)
    end
  end
end

--- Say whether the original's edits are live on a stem of this job.
function M.is_live(context, part)
  return context.mode ~= "heard" and part ~= nil and part.take ~= nil
end

-- What of the original's item applies; a stem that covers only a part of it has only that part's fades.
local function item_values(context, part)
  if not M.is_live(context, part) then
    return PLAIN_ITEM
  end
  local stem, item, info = context.stem, part.item, part.item.info
  local values = merged(PLAIN_ITEM, {
    D_VOL = info.D_VOL,
    I_GROUPID = info.I_GROUPID,
  })
  if math.abs(stem.position - item.position) < EDGE then
    values.D_SNAPOFFSET = info.D_SNAPOFFSET
    values.D_FADEINLEN = info.D_FADEINLEN
    values.D_FADEINDIR = info.D_FADEINDIR
    values.C_FADEINSHAPE = info.C_FADEINSHAPE
    values.D_FADEINLEN_AUTO = info.D_FADEINLEN_AUTO > 0 and info.D_FADEINLEN_AUTO or -1
  end
  if math.abs(stem.position + stem.length - item.position - item.length) < EDGE then
    values.D_FADEOUTLEN = info.D_FADEOUTLEN
    values.D_FADEOUTDIR = info.D_FADEOUTDIR
    values.C_FADEOUTSHAPE = info.C_FADEOUTSHAPE
    values.D_FADEOUTLEN_AUTO = info.D_FADEOUTLEN_AUTO > 0 and info.D_FADEOUTLEN_AUTO or -1
  end
  return values
end

local function take_values(context, part, row)
  local values = merged(PLAIN_TAKE, {})
  if M.is_live(context, part) then
    for name, value in pairs(part.take.info) do
      if context.mode == "source" or not PRINTED[name] then
        values[name] = value
      end
    end
  end
  if not context.span or row.channels ~= context.span.channels then
    values.I_CHANMODE = 0
  end
  values.D_VOL = values.D_VOL * row.gain
  values.D_STARTOFFS = context.stem and context.stem.startoffs or 0
  values.D_PLAYRATE = context.stem and context.stem.playrate or 1
  return values
end

-- Seconds of the original's item before the stem starts, as its envelopes and stretch markers count them.
local function cut_off(context, part)
  local before = (context.stem.position - part.item.position) * part.take.playrate
  return math.abs(before) < EDGE and 0 or before
end

local function add_stretch_markers(take, context, part)
  local cut = cut_off(context, part)
  local shift = context.stem.startoffs - cut - part.take.startoffs
  for _, marker in ipairs(part.take.stretch) do
    local index = reaper.SetTakeStretchMarker(take, -1, marker.pos - cut, marker.srcpos + shift)
    if index >= 0 and marker.slope ~= 0 then
      reaper.SetTakeStretchMarkerSlope(take, index, marker.slope)
    end
  end
end

local function envelopes(context, part)
  local blocks = {}
  local factor = context.stem.playrate / part.take.playrate
  for _, text in ipairs(part.take.envelopes) do
    blocks[#blocks + 1] = chunks.envelope(text, cut_off(context, part), factor)
  end
  return blocks
end

-- Effects of the take exist in REAPER alone: they come from the take as it is now. Its pointer is looked
-- up here, since new envelopes on the same item have it die.
local function copy_effects(take, part)
  if part.take.fx == 0 then
    return nil
  end
  local source = reaper.GetMediaItemTakeByGUID(projects.current(), part.take.guid)
  if not source then
    return "The take's effects are gone with its item, so the stems have none."
  end
  for index = 0, reaper.TakeFX_GetCount(source) - 1 do
    reaper.TakeFX_CopyToTake(source, index, take, index, false)
  end
  return nil
end

local function mark(object, setter, look)
  setter(object, M.JOB, look.job, true)
  setter(object, M.SET, look.set, true)
  setter(object, M.STEM, look.stem, true)
end

--- Colour a take among others, which have no track of their own to carry it (0: no colour).
function M.colour(take, colour)
  if colour ~= 0 then
    reaper.SetMediaItemTakeInfo_Value(take, "I_CUSTOMCOLOR", colour)
  end
end

--- Make an item's last take play a stem. `row` is one of results.load's, opened; `part` the original
-- (nil: none); `look` {name, job, set, stem}.
-- Gives the take (its pointer is fresh) and a sentence where something stays behind, or nil.
function M.add_take(item, row, context, part, look)
  local take = reaper.AddTakeToMediaItem(item)
  if not (take and reaper.SetMediaItemTake_Source(take, row.source)) then
    error("REAPER didn't take over the source of a stem", 0)
  end
  row.taken = true
  set_all(reaper.SetMediaItemTakeInfo_Value, take, take_values(context, part, row))
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", look.name, true)
  mark(take, reaper.GetSetMediaItemTakeInfo_String, look)
  local said
  if M.is_live(context, part) then
    if context.mode == "source" then
      add_stretch_markers(take, context, part)
    end
    local blocks = envelopes(context, part)
    if #blocks > 0 then
      chunks.add_to_item(item, blocks)
      take = reaper.GetMediaItemTake(item, reaper.CountTakes(item) - 1)
    end
    if context.mode == "source" then
      said = copy_effects(take, part)
    end
  end
  row.take_guid = items.take_guid(take)
  return take, said
end

--- Lay a stem down as a new item of a track, at the recorded place. Arguments as in add_take.
-- Gives the item and a sentence where something stays behind, or nil.
function M.add_item(track, row, context, part, look)
  local item = reaper.AddMediaItemToTrack(track)
  local stem = context.stem
  -- Before the position: an item that follows the beat would be moved by the tempo map.
  set_all(reaper.SetMediaItemInfo_Value, item, { C_BEATATTACHMODE = 0 })
  set_all(reaper.SetMediaItemInfo_Value, item, {
    D_POSITION = stem and stem.position or context.cursor,
    D_LENGTH = stem and stem.length or row.frames / row.rate,
    B_LOOPSRC = stem and stem.loop and 1 or 0,
    B_UISEL = 0,
  })
  set_all(reaper.SetMediaItemInfo_Value, item, item_values(context, part))
  local _, said = M.add_take(item, row, context, part, look)
  mark(item, reaper.GetSetMediaItemInfo_String, look)
  return item, said
end

return M
