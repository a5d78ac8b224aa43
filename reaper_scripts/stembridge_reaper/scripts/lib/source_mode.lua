-- Source mode: the file and its frames are named, nothing is rendered, and every edit of the item stays
-- live on the items of its stems.

local files = require("files")
local items = require("items")
local selection = require("selection")
local span = require("span")

local M = {}

local NO_AUDIO = {
  midi = "it is MIDI and has no audio of its own",
  project = "it is a subproject",
  video = "it is video",
  made = "it plays no media file",
  unknown = "its kind of file can't be read outside REAPER",
}
-- A loop is sent whole when that isn't many times what is heard.
local LOOP_AT_MOST = 2

--- Say whether a take has an effect that sounds.
function M.has_effects(take)
  for index = 0, reaper.TakeFX_GetCount(take) - 1 do
    if reaper.TakeFX_GetEnabled(take, index) and not reaper.TakeFX_GetOffline(take, index) then
      return true
    end
  end
  return false
end

local function number(take, name)
  return reaper.GetMediaItemTakeInfo_Value(take, name)
end

local function stretch_markers(take)
  local found = {}
  for index = 0, reaper.GetTakeNumStretchMarkers(take) - 1 do
    local _, pos, srcpos = reaper.GetTakeStretchMarker(take, index)
    found[#found + 1] = { pos = pos, srcpos = srcpos }
  end
  return found
end

local function fade(item, side)
  local automatic = reaper.GetMediaItemInfo_Value(item, "D_FADE" .. side .. "LEN_AUTO")
  return automatic > 0 and automatic or reaper.GetMediaItemInfo_Value(item, "D_FADE" .. side .. "LEN")
end

-- Why the media itself can't be sent as a file.
local function media_trouble(subject)
  local facts = subject.media
  if facts.kind ~= "audio" then
    return NO_AUDIO[facts.kind]
  elseif not files.is_absolute(facts.path) or not files.exists(facts.path) then
    return "its file can't be found"
  elseif facts.rate <= 0 then
    return "its media is offline"
  elseif facts.backwards then
    return "it plays backwards"
  elseif number(subject.take, "I_CHANMODE") ~= 0 then
    return "it plays its file's channels in another way"
  elseif subject.takes > 1 and reaper.GetMediaItemInfo_Value(subject.item, "B_ALLTAKESPLAY") > 0 then
    return "all its takes play at once"
  end
  return nil
end

--- Say what part of an item an entry names: seconds from the item's start, and whether it is all of it.
function M.piece(entry, subject)
  local from = math.max(0, entry.start - subject.position)
  local to = math.min(subject.length, entry.stop - subject.position)
  if entry.whole then
    from, to = 0, subject.length
  end
  return from, to, from == 0 and to == subject.length
end

-- Why a part of an item can't stand for itself with its edits live.
local function piece_trouble(entry, subject, markers)
  local item = subject.item
  if #markers > 0 or reaper.CountTakeEnvelopes(subject.take) > 0 then
    return "a part of it is selected, and its envelopes or stretch markers belong to the whole"
  end
  local from, to = M.piece(entry, subject)
  local fade_in, fade_out = fade(item, "IN"), subject.length - fade(item, "OUT")
  -- A fade lies wholly in the part, with its end of the item, or wholly outside.
  local in_cut = from > 0 and from < fade_in or from == 0 and to < fade_in
  local out_cut = to < subject.length and to > fade_out or to == subject.length and from > fade_out
  return (in_cut or out_cut) and "the selection cuts through a fade" or nil
end

-- Why a compressed file's place can't be checked against REAPER's decoder (see check_mode.lua).
local function lossy_trouble(subject, markers)
  local plain = number(subject.take, "D_PLAYRATE") == 1 and number(subject.take, "D_PITCH") == 0
  if not plain or #markers > 0 then
    return "its file is compressed, and can be checked against REAPER's reading only at its own speed"
  elseif M.has_effects(subject.take) then
    return "its file is compressed, and can't be checked against REAPER's reading through its effects"
  end
  return nil
end

-- The stretch of the file that is played, in seconds from the start of the take's source; nil and a clause
-- where it wraps around and isn't worth sending whole.
local function stretch_of_source(subject, from, to, markers)
  local take, facts = subject.take, subject.media
  local startoffs, playrate = number(take, "D_STARTOFFS"), number(take, "D_PLAYRATE")
  local first, last
  if #markers > 0 then
    first, last = span.stretched(markers, subject.length, playrate)
  else
    first, last = span.source_time(startoffs, playrate, from), span.source_time(startoffs, playrate, to)
  end
  local frame = 1 / facts.rate
  local beyond = first < -frame / 2 or last > facts.length + frame / 2
  if beyond and reaper.GetMediaItemInfo_Value(subject.item, "B_LOOPSRC") > 0 then
    local long = facts.length > LOOP_AT_MOST * (last - first)
    if facts.section or facts.lossy or #markers > 0 or long then
      return nil, "it loops beyond the end of its source"
    end
    return 0, facts.length, true
  elseif beyond and facts.section then
    return nil, "it runs beyond its section of the file"
  end
  return first, last, false
end

-- For a part of an item: what the whole has at its ends, the part hasn't.
local function trim_snapshot(part, from_start, to_end)
  local info = part.item.info
  if not from_start then
    info.D_FADEINLEN, info.D_FADEINLEN_AUTO, info.D_SNAPOFFSET = 0, -1, 0
  end
  if not to_end then
    info.D_FADEOUTLEN, info.D_FADEOUTLEN_AUTO = 0, -1
  end
  return part
end

local function trouble(entry, subject, markers)
  local _, _, all = M.piece(entry, subject)
  return media_trouble(subject)
    or (not all and piece_trouble(entry, subject, markers))
    or (subject.media.lossy and lossy_trouble(subject, markers))
    or nil
end

--- Plan an entry in source mode.
--
-- Gives {mode, path, first, frames, rate, channels, stem (as in host_context), subject, check (the place is
-- to be checked), all (it is the whole item), from (seconds of the item before it), begin (its first second,
-- in the file), unheard (its effects aren't in it)} and, where a render is the better way, a clause that says
-- why; or nil and a clause that says why it can't be done.
function M.plan(entry)
  if #entry.subjects ~= 1 then
    return nil, "several items are in it"
  end
  local subject = entry.subjects[1]
  local markers = stretch_markers(subject.take)
  local why = trouble(entry, subject, markers)
  if why then
    return nil, why
  end
  local facts, take = subject.media, subject.take
  local from, to, all = M.piece(entry, subject)
  local first_second, last_second, loop = stretch_of_source(subject, from, to, markers)
  if not first_second then
    return nil, last_second
  end
  local first, frames =
    span.source_region(facts.offset + first_second, facts.offset + last_second, facts.rate, facts.total)
  if frames < 1 then
    return nil, "nothing of its file is in it"
  end
  local playrate = number(take, "D_PLAYRATE")
  local begin = facts.offset + span.source_time(number(take, "D_STARTOFFS"), playrate, from)
  local plan = {
    mode = "source",
    subject = subject,
    path = facts.path,
    first = first,
    frames = frames,
    rate = facts.rate,
    channels = facts.channels,
    check = facts.lossy,
    all = all,
    from = from,
    begin = begin,
    stem = {
      position = all and subject.position or subject.position + from,
      length = all and subject.length or to - from,
      startoffs = span.stem_startoffs(begin, first, facts.rate),
      playrate = playrate,
      loop = loop,
    },
  }
  plan.unheard = M.has_effects(take)
  local clause = facts.demanding and "outside REAPER its kind of file may need a further program" or nil
  return plan, plan.unheard and "it has effects of its own" or clause
end

--- Give the snapshot of a planned item, for host_context.
function M.part(plan)
  local subject = plan.subject
  local part = items.snapshot(subject.item, subject.take)
  if not plan.all then
    local ends = plan.stem.position + plan.stem.length
    part = trim_snapshot(part, plan.from == 0, ends >= subject.position + subject.length)
  end
  return part
end

--- Give what is worth knowing about an item whatever the mode: a list of sentences.
function M.notes(subject)
  local notes = {}
  if reaper.GetMediaItemInfo_Value(subject.item, "C_LOCK") % 2 == 1 then
    notes[#notes + 1] = ("The item '%s' is locked: its stems are placed, and it stays as it is."):format(
      subject.name
    )
  end
  if not selection.lane_plays(subject.item) then
    notes[#notes + 1] = ("The item '%s' lies in a lane that doesn't play."):format(subject.name)
  end
  return notes
end

return M
