-- Accessor mode, the fallback: one whole item is read through its take's accessor, over many defer ticks,
-- without touching the transport. Play rate, pitch, sections and stretch markers are in what is read;
-- volume, pan, envelopes and fades aren't, and stay live on the stems' items.

local accessor_reader = require("accessor_reader")
local files = require("files")
local source_mode = require("source_mode")
local span = require("span")
local wav = require("wav")

local M = {}

local FIRST_MONO_MODE, FIRST_STEREO_MODE = 2, 67

local function trouble(subject)
  local facts = subject.media
  if facts.kind == "midi" then
    return "The item '%s' is MIDI: it can only be separated as it is heard."
  elseif facts.offline then
    return "The media of '%s' is offline: set it online first."
  elseif (facts.rate or 0) <= 0 or (facts.channels or 0) < 1 then
    return "The item '%s' can't be read by a script: separate it as it is heard."
  elseif source_mode.has_effects(subject.take) then
    return "The item '%s' has effects of its own, which may or may not be in what a script reads: "
      .. "separate it as it is heard."
  end
  return nil
end

local function channels(subject)
  local mode = reaper.GetMediaItemTakeInfo_Value(subject.take, "I_CHANMODE")
  if mode >= FIRST_MONO_MODE then
    return mode >= FIRST_STEREO_MODE and 2 or 1
  end
  return subject.media.channels
end

--- Plan an entry. Gives {mode, subject, first (0), frames, rate, channels, stem}, or nil and a sentence.
function M.plan(entry)
  local subject = entry.subjects[1]
  if #entry.subjects ~= 1 or not entry.whole then
    return nil, "Only whole items can be read by a script: separate the selection as it is heard."
  elseif not subject.take then
    return nil, ("The item '%s' has nothing to read."):format(subject.name)
  end
  local words = trouble(subject)
  if words then
    return nil, words:format(subject.name)
  end
  local rate = subject.media.rate
  local plan = {
    mode = "accessor",
    subject = subject,
    first = 0,
    frames = span.item_frames(subject.length, rate),
    rate = rate,
    channels = channels(subject),
    stem = {
      position = subject.position,
      length = subject.length,
      startoffs = 0.0,
      playrate = 1.0,
      loop = false,
    },
  }
  if plan.frames < 1 then
    return nil, ("The item '%s' has no length."):format(subject.name)
  elseif plan.frames * plan.channels * 4 > wav.MOST_BYTES then
    return nil, "The item is too long to be read in one piece: split it first."
  end
  return plan
end

--- Begin to read a planned item into `folder`/input.wav. Gives a reader (see accessor_reader.lua), or nil
-- and a sentence.
function M.begin(plan, folder)
  local path = files.join(folder, "input.wav")
  return accessor_reader.open(plan.subject.take, path, 0, plan.frames, plan.rate, plan.channels)
end

return M
