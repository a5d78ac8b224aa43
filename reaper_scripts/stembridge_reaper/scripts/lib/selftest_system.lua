-- The self-test's checks of everything but audio: functions, files, processes, the project's own memory.
local core = require("core")
local files = require("files")
local ids = require("ids")

local M = {}

-- Functions that every supported REAPER must have, beside those with a version below.
local NEEDED = {
  "AddMediaItemToTrack",
  "AddProjectMarker2",
  "AddRemoveReaScript",
  "AddTakeToMediaItem",
  "ColorFromNative",
  "ColorToNative",
  "CreateTakeAudioAccessor",
  "EnumProjects",
  "EnumerateFiles",
  "EnumerateSubdirectories",
  "ExecProcess",
  "GetAudioAccessorSamples",
  "GetMediaSourceParent",
  "GetProjExtState",
  "GetProjectPathEx",
  "GetProjectStateChangeCount",
  "GetSetMediaItemInfo_String",
  "GetSetMediaTrackInfo_String",
  "GetSetProjectInfo_String",
  "GetThemeColor",
  "InsertTrackAtIndex",
  "Main_OnCommandEx",
  "PCM_Source_BuildPeaks",
  "PCM_Source_CreateFromFile",
  "PCM_Source_GetSectionInfo",
  "RecursiveCreateDirectory",
  "ReverseNamedCommandLookup",
  "SelectProjectInstance",
  "SetTakeMarker",
  "Undo_BeginBlock2",
  "ValidatePtr2",
  "new_array",
  "time_precise",
}
local GATED = {
  { "set_action_options", 7.03 },
  { "InsertTrackInProject", 7.27 },
  { "AddRegionOrMarker", 7.72 },
}
local GFX = {
  "circle",
  "dock",
  "drawstr",
  "getchar",
  "getfont",
  "init",
  "line",
  "measurestr",
  "quit",
  "rect",
  "setfont",
  "triangle",
  "update",
}

local function version()
  local major, minor = reaper.GetAppVersion():match("^%s*(%d+)%.(%d+)")
  return major and tonumber(major .. "." .. minor) or 0
end

local function check_functions()
  local missing = {}
  for _, name in ipairs(NEEDED) do
    if not reaper.APIExists(name) then
      missing[#missing + 1] = name
    end
  end
  if #missing > 0 then
    return false, "missing: " .. table.concat(missing, ", ")
  end
  return true, ("all %d are there"):format(#NEEDED)
end

local function check_gates()
  local wrong, found = {}, {}
  for _, gate in ipairs(GATED) do
    local there = reaper.APIExists(gate[1])
    found[#found + 1] = ("%s %s"):format(gate[1], there and "yes" or "no")
    if not there and version() >= gate[2] then
      wrong[#wrong + 1] = gate[1]
    end
  end
  return #wrong == 0, table.concat(found, ", ")
end

local function check_gfx()
  local missing = {}
  for _, name in ipairs(GFX) do
    if type(gfx[name]) ~= "function" then
      missing[#missing + 1] = name
    end
  end
  local font = gfx.getfont()
  gfx.setfont(16, "Arial", 20) -- one that the windows don't use
  local wide, tall = gfx.measurestr("Stembridge")
  gfx.setfont(font)
  local words = ("text %.0f x %.0f, screen scale %.2f"):format(wide, tall, gfx.ext_retina)
  if #missing > 0 then
    words = "missing: gfx." .. table.concat(missing, ", gfx.")
  end
  return #missing == 0 and wide > 0 and tall > 0, words
end

local NAMES = { "Prüfung ☂ 音.txt", "e\u{301} and é.txt" }

local function check_utf8(bench)
  for _, name in ipairs(NAMES) do
    local path = bench:path(name)
    local fine, sentence = files.write(path, name)
    if not fine then
      return false, sentence
    end
    if files.read(path) ~= name then
      return false, ("'%s' doesn't hold what was written"):format(name)
    end
  end
  reaper.EnumerateFiles(bench.folder, -1)
  local seen, index = {}, 0
  while true do
    local name = reaper.EnumerateFiles(bench.folder, index)
    if not name then
      break
    end
    seen[name], index = true, index + 1
  end
  if not seen[NAMES[1]] then
    return false, "io.open and EnumerateFiles don't agree about a name"
  end
  return true,
    seen[NAMES[2]] and "names come back as they were written" or "accented names come back composed"
end

local function listed(folder, wanted)
  local index = 0
  while true do
    local name = reaper.EnumerateFiles(folder, index)
    if not name then
      return false
    elseif name == wanted then
      return true
    end
    index = index + 1
  end
end

local function check_cache(bench)
  reaper.EnumerateFiles(bench.folder, -1)
  listed(bench.folder, "late.txt")
  files.write(bench:path("late.txt"), "late")
  local at_once = listed(bench.folder, "late.txt")
  reaper.EnumerateFiles(bench.folder, -1)
  local after = listed(bench.folder, "late.txt")
  local words = at_once and "a new file is seen at once" or "a new file is seen only after index -1"
  return after, after and words or "a new file isn't seen even after index -1"
end

local function check_rename(bench)
  local path = bench:path("state.json")
  files.write(path, "one")
  local fine, sentence = files.write(path, "two")
  return fine == true and files.read(path) == "two", sentence or "a file is replaced whole"
end

local function check_ext_state(bench)
  local text = 'Ü "quoted" {} \\ 音 ' .. ids.new()
  reaper.SetProjExtState(bench.proj, "StembridgeSelfTest", "text", text)
  local _, back = reaper.GetProjExtState(bench.proj, "StembridgeSelfTest", "text")
  reaper.SetProjExtState(bench.proj, "StembridgeSelfTest", "text", "")
  return back == text, back == text and "text comes back whole" or ("came back as '%s'"):format(back)
end

local function check_marks(bench)
  bench:clear()
  local track = bench:track()
  local item = reaper.AddMediaItemToTrack(track)
  reaper.GetSetMediaItemInfo_String(item, "P_EXT:stembridge_test", "mark", true)
  local _, back = reaper.GetSetMediaItemInfo_String(item, "P_EXT:stembridge_test", "", false)
  return back == "mark", back == "mark" and "kept" or "lost"
end

local function check_timebase(bench)
  bench:clear()
  local item = reaper.AddMediaItemToTrack(bench:track())
  reaper.SetMediaItemInfo_Value(item, "C_BEATATTACHMODE", 0)
  reaper.SetMediaItemInfo_Value(item, "D_POSITION", 3.21)
  reaper.SetMediaItemInfo_Value(item, "D_LENGTH", 1.5)
  local mode = reaper.GetMediaItemInfo_Value(item, "C_BEATATTACHMODE")
  local tempo = reaper.Master_GetTempo()
  reaper.SetCurrentBPM(bench.proj, tempo + 37, false)
  local position = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH")
  reaper.SetCurrentBPM(bench.proj, tempo, false)
  local stays = math.abs(position - 3.21) < 1e-9 and math.abs(length - 1.5) < 1e-9
  local words = ("mode reads %.0f; after a change of tempo the item lies at %.9f and is %.9f long"):format(
    mode,
    position,
    length
  )
  return mode == 0 and stays, words
end

local function check_fades(bench)
  bench:clear()
  local item = reaper.AddMediaItemToTrack(bench:track())
  reaper.SetMediaItemInfo_Value(item, "D_FADEINLEN_AUTO", -1)
  local auto = reaper.GetMediaItemInfo_Value(item, "D_FADEINLEN_AUTO")
  return auto <= 0, ("reads %.3f"):format(auto)
end

local function check_undo(bench)
  bench:clear()
  local name = "Stembridge: self-test"
  reaper.Undo_BeginBlock2(bench.proj)
  bench:track()
  reaper.Undo_EndBlock2(bench.proj, name, -1)
  local told = reaper.Undo_CanUndo2(bench.proj)
  reaper.Undo_DoUndo2(bench.proj)
  local left = reaper.CountTracks(bench.proj)
  return told == name and left == 0, ("'%s', %d tracks are left after undo"):format(tostring(told), left)
end

local function check_peaks(bench)
  local source = reaper.PCM_Source_CreateFromFile(bench:path("noise 48000.wav"))
  local left = reaper.PCM_Source_BuildPeaks(source, 0)
  local rounds = 0
  while left ~= 0 and rounds < 200 do
    left = reaper.PCM_Source_BuildPeaks(source, 1)
    rounds = rounds + 1
  end
  reaper.PCM_Source_BuildPeaks(source, 2)
  reaper.PCM_Source_Destroy(source)
  return left == 0, ("built in %d rounds"):format(rounds)
end

local function check_lanes(bench)
  if version() < 7 then
    return nil, "fixed lanes came with REAPER 7"
  end
  bench:clear()
  local track = bench:track()
  reaper.SetMediaTrackInfo_Value(track, "I_FREEMODE", 2)
  local mode = reaper.GetMediaTrackInfo_Value(track, "I_FREEMODE")
  local lanes = reaper.GetMediaTrackInfo_Value(track, "I_NUMFIXEDLANES")
  return mode == 2, ("mode %.0f, %.0f lanes"):format(mode, lanes)
end

-- Asks the installed core something small; goes on for as many ticks as that takes.
local function check_core()
  local found, sentence = core.find()
  if not found then
    return nil, sentence
  end
  local before = reaper.time_precise()
  local query = core.query("presets")
  local call = reaper.time_precise() - before
  return function()
    local answer = query:poll()
    if not answer then
      return nil
    end
    local words = ("ExecProcess returned after %.3f s, the answer came after %.1f s"):format(
      call,
      reaper.time_precise() - before
    )
    if answer.error then
      return { false, answer.error.message }
    end
    return { call < 1 and #answer.rows > 0, words }
  end
end

--- Give the checks, as `selftest_audio.checks`; `run` may also give a function that is called each tick
-- until it gives {result, words}.
function M.checks()
  return {
    { title = "REAPER's functions", run = check_functions },
    { title = "Functions of later versions", run = check_gates },
    { title = "Drawing", run = check_gfx },
    { title = "File names in any language", run = check_utf8 },
    { title = "Listing files", run = check_cache },
    { title = "Replacing a file", run = check_rename },
    { title = "The project's memory", run = check_ext_state },
    { title = "Marks on items", run = check_marks },
    { title = "Items stay where they are when the tempo changes", run = check_timebase },
    { title = "No automatic fades", run = check_fades },
    { title = "One undo step", run = check_undo },
    { title = "Peaks are built", run = check_peaks },
    { title = "Fixed lanes", run = check_lanes },
    { title = "The core starts without waiting", run = check_core },
  }
end

return M
