-- REAPER's render settings: read all, set what one render needs, and put every one back.
--
-- What exists depends on REAPER's version: an unknown name is silently answered with 0, so the names carry
-- the version they came with.

local base64 = require("base64")

local M = {}

local NUMBERS = {
  RENDER_SETTINGS = 0,
  RENDER_BOUNDSFLAG = 0,
  RENDER_CHANNELS = 0,
  RENDER_SRATE = 0,
  RENDER_STARTPOS = 0,
  RENDER_ENDPOS = 0,
  RENDER_TAILFLAG = 0,
  RENDER_TAILMS = 0,
  RENDER_ADDTOPROJ = 0,
  RENDER_DITHER = 0,
  RENDER_NORMALIZE = 0,
  RENDER_NORMALIZE_TARGET = 0,
  RENDER_BRICKWALL = 0,
  RENDER_FADEIN = 6.64,
  RENDER_FADEOUT = 6.64,
  RENDER_FADEINSHAPE = 6.64,
  RENDER_FADEOUTSHAPE = 6.64,
  RENDER_FADELPF = 7.24,
  RENDER_PADSTART = 7.24,
  RENDER_PADEND = 7.24,
  RENDER_TRIMSTART = 7.24,
  RENDER_TRIMEND = 7.24,
  RENDER_DELAY = 7.24,
}
local TEXTS = {
  RENDER_FILE = 0,
  RENDER_PATTERN = 0,
  RENDER_FORMAT = 0,
  RENDER_FORMAT2 = 0,
  RENDER_METADATA = 0,
  RENDER_EXTRAFILEDIR = 7.0,
}

-- 32-bit float WAV: the format's word, its depth, and no further flags.
local FLOAT_WAV = base64.encode("evaw" .. "\32\0\0")

M.SELECTED_ITEMS_IN_ONE_FILE = 32 | 4 << 16
local CUSTOM_BOUNDS = 0
-- No normalising, limiting, fading, padding or trimming, whatever else is set.
local NO_POST_PROCESSING = 4 << 16

--- REAPER's version as a number, like 7.62.
function M.version()
  local major, minor = reaper.GetAppVersion():match("^%s*(%d+)%.(%d+)")
  if not major then
    return 0
  end
  return tonumber(major .. "." .. minor)
end

local function known(names)
  local version, found = M.version(), {}
  for name, since in pairs(names) do
    if version >= since then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

--- Read every render setting of a project.
function M.save(proj)
  local saved = { numbers = {}, texts = {} }
  for _, name in ipairs(known(NUMBERS)) do
    saved.numbers[#saved.numbers + 1] = { name, reaper.GetSetProjectInfo(proj, name, 0, false) }
  end
  for _, name in ipairs(known(TEXTS)) do
    local _, text = reaper.GetSetProjectInfo_String(proj, name, "", false)
    saved.texts[#saved.texts + 1] = { name, text }
  end
  return saved
end

--- Put every render setting back. One that fails doesn't keep the others from it; the first failure is
-- given as a sentence, else nil.
function M.restore(proj, saved)
  local failed
  local function put(setter, row)
    local fine = pcall(setter, proj, row[1], row[2], true)
    if not fine then
      failed = failed or ("REAPER's render setting %s couldn't be put back."):format(row[1])
    end
  end
  for _, row in ipairs(saved.numbers) do
    put(reaper.GetSetProjectInfo, row)
  end
  for _, row in ipairs(saved.texts) do
    put(reaper.GetSetProjectInfo_String, row)
  end
  return failed
end

--- Set up the render of the selected items into one float WAV.
--
-- `job` is {folder, name (without extension), rate, channels}; the bounds are project seconds.
function M.apply(proj, job, first_second, last_second)
  local numbers = {
    RENDER_SETTINGS = M.SELECTED_ITEMS_IN_ONE_FILE,
    RENDER_BOUNDSFLAG = CUSTOM_BOUNDS,
    RENDER_STARTPOS = first_second,
    RENDER_ENDPOS = last_second,
    RENDER_CHANNELS = job.channels,
    RENDER_SRATE = job.rate,
    RENDER_TAILFLAG = 0,
    RENDER_TAILMS = 0,
    RENDER_ADDTOPROJ = 0,
    RENDER_DITHER = 0,
    RENDER_NORMALIZE = NO_POST_PROCESSING,
  }
  if M.version() >= NUMBERS.RENDER_DELAY then
    numbers.RENDER_DELAY = 0
  end
  local texts = {
    RENDER_FILE = job.folder,
    RENDER_PATTERN = job.name,
    RENDER_FORMAT = FLOAT_WAV,
    RENDER_FORMAT2 = "",
  }
  if M.version() >= TEXTS.RENDER_EXTRAFILEDIR then
    texts.RENDER_EXTRAFILEDIR = ""
  end
  for name, value in pairs(numbers) do
    reaper.GetSetProjectInfo(proj, name, value, true)
  end
  for name, text in pairs(texts) do
    reaper.GetSetProjectInfo_String(proj, name, text, true)
  end
end

--- Give the files that a render would write now, as REAPER puts it (several are parted by semicolons).
function M.targets(proj)
  local _, text = reaper.GetSetProjectInfo_String(proj, "RENDER_TARGETS", "", false)
  return text
end

return M
