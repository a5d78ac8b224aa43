-- A finished job's result.json, read and held against what was promised and what lies on the disk.
-- It is good whole or it is refused whole: a part of a set of stems is never a success.

local files = require("files")
local json = require("json")

local M = { CONTEXT = 1, PROTOCOL = 1 }

local AGAIN = " Start the separation again."
local KINDS = { separate = true, blend = true }
local AUDIO = { stem = true, audio = true, generated = true }
-- Lengths of these are exact; a lossy file's depends on who reads it.
local EXACT = { wav = true, flac = true, w64 = true, aif = true, aiff = true }
local LOSSY_SLACK = 0.25
local MOST_BYTES = 64 * 1024 * 1024

local function refuse(words, ...)
  error({ sentence = words:format(...) }, 0)
end

-- Run `work`; a refusal becomes nil and its sentence, any other error goes on.
local function guarded(work, ...)
  local got = table.pack(pcall(work, ...))
  if got[1] then
    return table.unpack(got, 2, got.n)
  end
  if type(got[2]) == "table" and got[2].sentence then
    return nil, got[2].sentence
  end
  error(got[2], 0)
end

local function understand(result)
  if type(result) ~= "table" or not KINDS[result.kind] or type(result.stems) ~= "table" then
    refuse("The result of this job can't be understood." .. AGAIN)
  end
  if result.protocol ~= M.PROTOCOL then
    refuse("The scripts in REAPER and Stembridge are of different versions. Run `stembridge setup reaper`.")
  end
  local context = result.host_context
  if type(context) ~= "table" or type(context.parts) ~= "table" or type(context.project) ~= "table" then
    refuse("This job wasn't started from REAPER: it doesn't say where its stems belong.")
  end
  if context.v ~= M.CONTEXT then
    refuse("This job was started by another version of the scripts: it can't be placed by this one.")
  end
  return result
end

local function check_length(row, result)
  local region, span = result.region, result.host_context.span
  if row.kind == "generated" then
    return
  end
  if not region then
    refuse("The result doesn't say which region it belongs to." .. AGAIN)
  end
  if span and (region.frames ~= span.frames or region.rate ~= span.rate) then
    refuse(
      "%d frames at %d Hz were sent, and the result is for %d frames at %d Hz. Nothing was placed.",
      span.frames,
      span.rate,
      region.frames,
      region.rate
    )
  end
  local promised, slack = region.frames, 0
  if row.kind == "audio" then -- its own rate, the same duration to the frame
    promised, slack = region.frames * row.rate / region.rate, 1
  elseif row.rate ~= region.rate then
    refuse("'%s' came at %d Hz instead of %d. Nothing was placed.", row.label, row.rate, region.rate)
  end
  if math.abs(row.frames - promised) > slack then
    local words = "'%s' has %d frames instead of %.0f. Nothing was placed, since it wouldn't fit."
    refuse(words, row.label, row.frames, promised)
  end
end

-- Find a stem's file: where it was delivered, in the same folder of the project that moved, or in the
-- job's own folder. Only a file of the very length that was written counts.
local function find_file(row, moved_to)
  local bytes = type(row.stamp) == "table" and row.stamp.bytes
  local tried = {}
  for _, path in ipairs({ row.delivered or false, moved_to or false, row.file or false }) do
    if path then
      local size = files.size(path)
      if size and size == bytes then
        return path
      end
      tried[#tried + 1] = { path = path, size = size }
    end
  end
  for _, try in ipairs(tried) do
    if try.size then
      refuse("'%s' isn't the file that was written any more (%s). Nothing was placed.", row.label, try.path)
    end
  end
  refuse("The file of '%s' is missing (%s). Nothing was placed.", row.label, row.delivered or row.file or "?")
end

local function colour_of(row)
  local r, g, b = tostring(row.colour):match("^#(%x%x)(%x%x)(%x%x)$")
  if not r then
    return nil
  end
  return { tonumber(r, 16), tonumber(g, 16), tonumber(b, 16) }
end

--- Say whether a path lies below a folder.
function M.inside(path, folder)
  if folder == "" or not files.same(path:sub(1, #folder), folder) then
    return false
  end
  return folder:find("[/\\]$") ~= nil or path:find("^[/\\]", #folder + 1) ~= nil
end

-- Where a delivered file would lie if it had moved with its project's folder.
local function moved(row, result, project_path)
  local old = files.parent(result.host_context.project.path or "")
  local new = files.parent(project_path or "")
  if not row.delivered or old == "" or new == "" or files.same(old, new) then
    return nil
  end
  if not M.inside(row.delivered, old) then
    return nil
  end
  return files.join(new, (row.delivered:sub(#old + 1):gsub("^[/\\]", "")))
end

local function check(result, project_path)
  local audio, texts = {}, 0
  for _, row in ipairs(result.stems) do
    if row.kind == "text" then
      texts = texts + 1
    elseif AUDIO[row.kind] then
      check_length(row, result)
      local path = find_file(row, moved(row, result, project_path))
      audio[#audio + 1] = {
        id = row.id,
        label = row.label,
        kind = row.kind,
        rgb = colour_of(row),
        path = path,
        frames = row.frames,
        rate = row.rate,
        channels = row.channels,
        gain = 10 ^ ((row.gain_db or 0) / 20),
        home = row.delivered == nil or path ~= row.delivered,
      }
    else
      refuse("This version of the scripts doesn't know how to place a '%s'.", tostring(row.kind))
    end
  end
  local labels = type(result.labels) == "table" and result.labels or {}
  if #audio == 0 and texts == 0 and #labels == 0 then
    refuse("The result is empty: there is nothing to place.")
  end
  return { result = result, context = result.host_context, audio = audio, labels = labels, texts = texts }
end

--- Begin to read a job's result. Gives a function to call once a tick, with the JSON tokens it may parse:
-- it gives nil as long as there is more, then the document, or false and a sentence.
function M.reader(folder)
  local text = files.read(files.join(folder, "result.json"), MOST_BYTES)
  local reader = text and json.reader(text)
  return function(tokens)
    if not reader then
      return false, "This job has no result yet."
    end
    local done, document = reader:step(tokens)
    if done == false then
      return nil
    end
    local result, sentence = guarded(understand, done and document)
    return result or false, sentence
  end
end

--- Read a job's result at once. Gives the document, or nil and a sentence.
function M.read(folder)
  local result, sentence = M.reader(folder)(math.huge)
  return result or nil, sentence
end

--- Hold a result against what was promised and what lies on the disk. `project_path`: where its project is
-- now ("" or nil: nowhere).
--
-- Gives {result, context, audio, labels, texts}: audio is a list of {id, label, kind, rgb, path, frames,
-- rate, channels, gain (linear: a level that was set elsewhere), home (it isn't where it was delivered)},
-- labels as in result.json, texts the number of
-- transcripts; or nil and a sentence.
function M.check(result, project_path)
  return guarded(check, result, project_path)
end

local function open(row)
  local source = reaper.PCM_Source_CreateFromFile(row.path)
  if not source then
    refuse("REAPER can't open the file of '%s' (%s). Nothing was placed.", row.label, row.path)
  end
  row.source = source
  local rate = reaper.GetMediaSourceSampleRate(source)
  local seconds, in_quarters = reaper.GetMediaSourceLength(source)
  local off = math.abs(seconds * row.rate - row.frames)
  local slack = EXACT[files.extension(row.path)] and 0.5 or LOSSY_SLACK * row.rate
  if in_quarters or rate ~= row.rate or off > slack then
    refuse("'%s' isn't of the length that was promised (%s). Nothing was placed.", row.label, row.path)
  end
end

--- Open every file of a loaded result as REAPER's sources, before anything in the project changes.
-- Gives true, or nil and a sentence; then no source stays open.
function M.open(loaded)
  local fine, sentence = guarded(function()
    for _, row in ipairs(loaded.audio) do
      open(row)
    end
    return true
  end)
  if not fine then
    M.close(loaded)
  end
  return fine, sentence
end

--- Close the sources that no take has taken over.
function M.close(loaded)
  for _, row in ipairs(loaded.audio) do
    if row.source and not row.taken then
      reaper.PCM_Source_Destroy(row.source)
    end
    row.source = nil
  end
end

return M
