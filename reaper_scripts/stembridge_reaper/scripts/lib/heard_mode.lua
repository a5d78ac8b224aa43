-- As-heard mode: REAPER renders the items, with everything their tracks do to them, into the job's folder.
--
-- The render is one blocking call with REAPER's own window. Whatever happens in it, every setting, the
-- selection and the switched-off effects are put back in the same tick.

local files = require("files")
local projects = require("projects")
local selection = require("selection")
local settings = require("render_settings")
local span = require("span")
local wav = require("wav")

local M = { FILE = "input" }

local RENDER_WITH_LAST_SETTINGS = 42230
local RENDERING_PROJECT = 0x40000000
local PLAYING, RECORDING = 1, 4
local FALLBACK_RATE = 48000
local FIRST_MONO_MODE, FIRST_STEREO_MODE = 2, 67

-- What the whole project must allow.
local function project_trouble(proj)
  local state = reaper.GetPlayStateEx(proj)
  if state & RECORDING ~= 0 then
    return "REAPER is recording: stop it first, a render would end the recording."
  elseif state & PLAYING ~= 0 then
    return "REAPER is playing: stop it first, a render would stop it anyway."
  elseif reaper.EnumProjects(RENDERING_PROJECT) then
    return "REAPER is rendering: wait until it has finished."
  elseif reaper.Master_GetPlayRate(proj) ~= 1 then
    return "The master play rate isn't 1: set it to 1 first, since it isn't known what a render makes of it."
  end
  return nil
end

local function subject_trouble(subject)
  if not subject.take then
    return subject.takes == 0 and "The item '%s' is empty: there is nothing to hear."
      or "The item '%s' has no active take: choose one first."
  elseif subject.media.offline then
    return "The media of '%s' is offline: set it online first."
  elseif reaper.GetMediaItemInfo_Value(subject.item, "B_MUTE") > 0 then
    return "The item '%s' is muted, so there is nothing to hear: unmute it first."
  elseif reaper.GetMediaTrackInfo_Value(subject.track, "B_MUTE") > 0 then
    return "The track of '%s' is muted, so there is nothing to hear: unmute it first."
  elseif not selection.lane_plays(subject.item) then
    return "The item '%s' lies in a lane that doesn't play, so there is nothing to hear."
  end
  return nil
end

--- Give what is worth knowing about an item that is rendered as it is heard: a list of sentences.
function M.notes(subject)
  local item = subject.item
  local crossed = reaper.GetMediaItemInfo_Value(item, "D_FADEINLEN_AUTO") > 0
    or reaper.GetMediaItemInfo_Value(item, "D_FADEOUTLEN_AUTO") > 0
  if not crossed then
    return {}
  end
  return { ("'%s' is crossfaded with its neighbour: only its own side is rendered."):format(subject.name) }
end

--- Note what rendering an item takes: subject.heard = {sentence (why it can't be heard, or nil), rate (0
-- where it has none of its own), channels (as many as its track lets through)}.
function M.examine(subject)
  local words = subject_trouble(subject)
  local heard = { sentence = words and words:format(subject.name), rate = 0, channels = 2 }
  subject.heard = heard
  if not subject.take then
    return heard
  end
  local own = subject.media.channels or 0
  if subject.media.kind == "audio" then
    heard.rate = subject.media.rate
  end
  local mode = reaper.GetMediaItemTakeInfo_Value(subject.take, "I_CHANMODE")
  if mode >= FIRST_MONO_MODE then
    own = mode >= FIRST_STEREO_MODE and 2 or 1
  end
  local track = math.tointeger(reaper.GetMediaTrackInfo_Value(subject.track, "I_NCHAN"))
  heard.channels = math.min(own + own % 2, track)
  return heard
end

local function each_heard(entries)
  local found = {}
  for _, entry in ipairs(entries) do
    for _, subject in ipairs(entry.subjects) do
      found[#found + 1] = subject.heard or M.examine(subject)
    end
  end
  return found
end

local function refusal(proj, all)
  for _, heard in ipairs(all) do
    if heard.sentence then
      return heard.sentence
    end
  end
  return project_trouble(proj)
end

-- The rate a project is rendered at: its own where it has one, else that of the items' media where they
-- agree, else the audio device's.
local function choose_rate(proj, all)
  if reaper.GetSetProjectInfo(proj, "PROJECT_SRATE_USE", 0, false) > 0 then
    return math.floor(reaper.GetSetProjectInfo(proj, "PROJECT_SRATE", 0, false))
  end
  local common
  for _, heard in ipairs(all) do
    if heard.rate > 0 then
      common = (common == nil or common == heard.rate) and heard.rate or 0
    end
  end
  if common and common > 0 then
    return common
  end
  local fine, text = reaper.GetAudioDeviceInfo("SRATE")
  return fine and math.tointeger(tonumber(text)) or FALLBACK_RATE
end

local function most_channels(all)
  local most = 2
  for _, heard in ipairs(all) do
    most = math.max(most, heard.channels)
  end
  return most
end

-- By how many seconds a track plays its items late (early where negative).
local function playback_offset(track, rate)
  local flags = math.floor(reaper.GetMediaTrackInfo_Value(track, "I_PLAY_OFFSET_FLAG"))
  if flags & 1 ~= 0 then
    return 0.0
  end
  local offset = reaper.GetMediaTrackInfo_Value(track, "D_PLAY_OFFSET")
  return flags & 2 ~= 0 and offset / rate or offset
end

--- Plan entries as one render. Gives {mode, entries, first, frames, rate, channels, stem}, or nil and a
-- sentence.
function M.plan(proj, entries)
  local all = each_heard(entries)
  local sentence = refusal(proj, all)
  if sentence then
    return nil, sentence
  end
  local rate = choose_rate(proj, all)
  local start, stop = math.huge, -math.huge
  for _, entry in ipairs(entries) do
    local offset = playback_offset(entry.track, rate)
    start, stop = math.min(start, entry.start + offset), math.max(stop, entry.stop + offset)
  end
  local first, frames = span.project_region(math.max(0, start), stop, rate)
  if frames < 1 then
    return nil, "The selection has no length: there is nothing to hear."
  end
  local plan = {
    mode = "heard",
    entries = entries,
    first = first,
    frames = frames,
    rate = rate,
    channels = most_channels(all),
    stem = {
      position = span.seconds(first, rate),
      length = span.seconds(frames, rate),
      startoffs = 0.0,
      playrate = 1.0,
      loop = false,
    },
  }
  if plan.frames * plan.channels * 4 > wav.MOST_BYTES then
    return nil, "The selection is too long to be rendered in one piece: select less at a time."
  end
  return plan
end

-- Remember what the render changes besides its settings.
local function save(proj, plan, before_effects)
  local saved = { settings = settings.save(proj), selected = {}, effects = {} }
  for index = 0, reaper.CountSelectedMediaItems(proj) - 1 do
    saved.selected[index + 1] = reaper.GetSelectedMediaItem(proj, index)
  end
  if before_effects then
    local seen = {}
    for _, entry in ipairs(plan.entries) do
      if not seen[entry.track] then
        seen[entry.track] = true
        local enabled = reaper.GetMediaTrackInfo_Value(entry.track, "I_FXEN")
        saved.effects[#saved.effects + 1] = { entry.track, enabled }
      end
    end
  end
  return saved
end

local function restore(proj, saved)
  local failed = settings.restore(proj, saved.settings)
  local fine = pcall(function()
    reaper.SelectAllMediaItems(proj, false)
    for _, item in ipairs(saved.selected) do
      reaper.SetMediaItemSelected(item, true)
    end
  end)
  for _, row in ipairs(saved.effects) do
    local set = pcall(reaper.SetMediaTrackInfo_Value, row[1], "I_FXEN", row[2])
    fine = fine and set
  end
  return failed or (not fine and "REAPER's selection, or its tracks' effects, couldn't be put back.") or nil
end

local function set_up(proj, plan, folder, saved)
  for _, row in ipairs(saved.effects) do
    reaper.SetMediaTrackInfo_Value(row[1], "I_FXEN", 0)
  end
  reaper.SelectAllMediaItems(proj, false)
  for _, entry in ipairs(plan.entries) do
    for _, subject in ipairs(entry.subjects) do
      reaper.SetMediaItemSelected(subject.item, true)
    end
  end
  local job = { folder = folder, name = M.FILE, rate = plan.rate, channels = plan.channels }
  local last = plan.first + plan.frames
  settings.apply(proj, job, span.seconds(plan.first, plan.rate), span.seconds(last, plan.rate))
end

local function check(plan, path)
  local header = wav.inspect(path)
  if not header then
    local stopped = (files.size(path) or 0) == 0
    wav.discard(path)
    return nil, stopped and "REAPER's render was cancelled." or "REAPER's render left a damaged file."
  end
  if header.frames ~= plan.frames or header.rate ~= plan.rate or header.channels ~= plan.channels then
    wav.discard(path)
    return nil,
      ("REAPER rendered %d frames (%d channels, %d Hz) where %d (%d channels, %d Hz) were asked for."):format(
        header.frames,
        header.channels,
        header.rate,
        plan.frames,
        plan.channels,
        plan.rate
      )
  end
  return true
end

-- Whether REAPER says that it would write another file than `path`, or several.
local function elsewhere(targets, path)
  if targets == "" or files.same(targets, path) then
    return false
  end
  return files.is_absolute(targets) or files.name(targets) ~= files.name(path)
end

local function render(proj, plan, folder, saved)
  local path = files.join(folder, M.FILE .. ".wav")
  if files.exists(path) then
    return nil, "There is a rendered file in the job's folder already."
  end
  set_up(proj, plan, folder, saved)
  if elsewhere(settings.targets(proj), path) then
    return nil, "REAPER would render to another place than it was asked to, so nothing was rendered."
  end
  reaper.Main_OnCommandEx(RENDER_WITH_LAST_SETTINGS, 0, proj)
  return check(plan, path)
end

--- Render a plan into `folder`/input.wav, in this tick. `before_effects`: the tracks' effects are switched
-- off meanwhile. Gives true, or nil and a sentence; everything is put back either way.
function M.render(proj, plan, folder, before_effects)
  return projects.within(proj, function()
    for _, entry in ipairs(plan.entries) do -- it may be muted by now, or playing
      for _, subject in ipairs(entry.subjects) do
        M.examine(subject)
      end
    end
    local sentence = refusal(proj, each_heard(plan.entries))
    if sentence then
      return nil, sentence
    end
    local saved = save(proj, plan, before_effects)
    reaper.PreventUIRefresh(1)
    local fine, done, words = pcall(render, proj, plan, folder, saved)
    local failed = restore(proj, saved)
    reaper.PreventUIRefresh(-1)
    if not fine then
      return nil, ("The render failed: %s"):format(tostring(done))
    end
    if done and failed then
      return nil, failed
    end
    return done, words
  end)
end

return M
