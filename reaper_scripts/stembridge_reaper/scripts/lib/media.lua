-- What a take plays: which file, which part of it, and what stands in the way of sending it as a file.

local files = require("files")
local wav = require("wav")

local M = {}

-- Types of file that the core decodes as REAPER does. What REAPER opens by its video decoder is among
-- them where it is only sound.
local PLAIN = { wav = true, wave = true, bwf = true, w64 = true, rf64 = true, aif = true, aiff = true }
local LOSSLESS = { flac = true }
local LOSSY = {
  mp3 = true,
  mp2 = true,
  m4a = true,
  aac = true,
  ogg = true,
  oga = true,
  opus = true,
  wma = true,
}

-- What the core may need a further program for, and REAPER doesn't.
local DEMANDING = { m4a = true, aac = true, wma = true, mp2 = true }

--- Give a name without the extension of an audio file, where it ends in one.
function M.without_extension(name)
  local extension = files.extension(name)
  if PLAIN[extension] or LOSSLESS[extension] or LOSSY[extension] then
    return files.stem(name)
  end
  return name
end

-- Go down the chain of sections to the file. Gives the root source, the seconds into it where the take's
-- source begins, its length (nil: the whole), and whether it runs backwards.
local function unfold(source)
  local offset, length, backwards = 0.0, nil, false
  local depth = 0
  while reaper.GetMediaSourceType(source) == "SECTION" and depth < 8 do
    local is_section, start, span, reverse = reaper.PCM_Source_GetSectionInfo(source)
    local parent = reaper.GetMediaSourceParent(source)
    if not parent then
      break
    end
    if is_section then
      offset = offset + start
      if span > 0 then
        length = math.min(length or span, span)
      end
    end
    backwards = backwards or reverse
    source, depth = parent, depth + 1
  end
  return source, offset, length, backwards
end

local function kind_of(source_type, extension)
  if source_type == "MIDI" or source_type == "MIDIPOOL" then
    return "midi"
  elseif source_type == "RPP_PROJECT" then
    return "project"
  elseif source_type == "CLICK" or source_type == "LTC" or source_type == "EMPTY" then
    return "made"
  elseif PLAIN[extension] or LOSSLESS[extension] or LOSSY[extension] then
    return "audio"
  elseif source_type == "VIDEO" then
    return "video"
  end
  return "unknown"
end

--- Describe what a take plays.
--
-- Gives {kind = "audio" | "midi" | "project" | "video" | "made" | "unknown", type, path, extension, lossy,
-- demanding (the core may lack a program to read it), rate, channels, total (frames in the file, by REAPER's
-- count), offset and length (seconds, the section; the whole file: 0 and its length), section, backwards,
-- offline}.
function M.describe(take)
  local source = reaper.GetMediaItemTake_Source(take)
  if not source then
    return { kind = "made", type = "", path = "", extension = "" }
  end
  local root, offset, length, backwards = unfold(source)
  local path = reaper.GetMediaSourceFileName(root)
  local facts = {
    type = reaper.GetMediaSourceType(root),
    path = path,
    extension = files.extension(path),
    section = root ~= source,
    backwards = backwards,
    offset = offset,
  }
  facts.kind = reaper.TakeIsMIDI(take) and "midi" or kind_of(facts.type, facts.extension)
  facts.lossy = LOSSY[facts.extension] == true
  facts.demanding = DEMANDING[facts.extension] == true
  facts.rate = reaper.GetMediaSourceSampleRate(root)
  facts.channels = reaper.GetMediaSourceNumChannels(root)
  local seconds, in_quarters = reaper.GetMediaSourceLength(root)
  facts.offline = facts.rate <= 0 and (facts.kind == "audio" or facts.kind == "unknown")
  if facts.kind ~= "audio" then
    facts.length = length or (in_quarters and 0 or seconds)
    return facts
  end
  if facts.offline then
    -- Offline media reads as nothing, though its file may be there: a WAV tells about itself.
    local header = files.is_absolute(path) and wav.inspect(path)
    if header then
      facts.rate, facts.channels, facts.total = header.rate, header.channels, header.frames
      seconds = header.frames / header.rate
    end
  end
  facts.total = facts.total or math.floor(seconds * math.max(facts.rate, 1) + 0.5)
  facts.length = length or seconds
  return facts
end

return M
