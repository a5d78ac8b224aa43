-- The installed Stembridge: where it is, how it is started, and how it answers questions.
--
-- `stembridge setup reaper` leaves core.json in REAPER's resource folder. A job is a folder of the
-- core's data folder; the core is started hidden, gets that one path, detaches itself, and everything
-- else passes through files (plugin/PROTOCOL.md).

local events = require("events")
local files = require("files")
local ids = require("ids")
local json = require("json")
local quoting = require("quoting")

local M = { PROTOCOL = events.PROTOCOL }

local SETUP = "Run `stembridge setup reaper` in a terminal, then try again."
local START_WITHIN = 45
local SILENT_FOR = 120

--- Give the path of core.json.
function M.config_path()
  return files.join(reaper.GetResourcePath(), "Data", "Stembridge", "core.json")
end

--- Find the core. Gives {argv, home, version, protocol}, or nil and a sentence that says what to do.
function M.find()
  local text = files.read(M.config_path(), 65536)
  if not text then
    return nil, "REAPER doesn't know yet where Stembridge is installed. " .. SETUP
  end
  local core = json.decode(text)
  local whole = type(core) == "table"
    and type(core.argv) == "table"
    and type(core.argv[1]) == "string"
    and type(core.home) == "string"
  if not whole then
    return nil, "The file that says where Stembridge is installed can't be read. " .. SETUP
  end
  if core.protocol ~= M.PROTOCOL then
    return nil, "The scripts in REAPER and the installed Stembridge are of different versions. " .. SETUP
  end
  return core
end

--- Give the folder of all jobs.
function M.jobs_folder(core)
  return files.join(core.home, "jobs")
end

--- Make a job's folder, empty as yet. Gives its path and its id, or nil and a sentence.
function M.make_folder(core)
  local id = ids.new()
  local folder = files.join(M.jobs_folder(core), id)
  local fine, sentence = files.make_folder(folder)
  if not fine then
    return nil, sentence
  end
  return folder, id
end

--- Write a job's request.json: the last thing the host puts there before it starts the core.
function M.submit(folder, request)
  local fine, text = pcall(json.encode, request)
  if not fine then
    return nil, ("The order can't be written: %s."):format(text)
  end
  return files.write(files.join(folder, "request.json"), text)
end

--- Make a job: its folder, what `fill(folder)` puts there (nil and a sentence when it can't), and
-- request.json. `fill` may be nil. Gives the folder and the id, or nil and a sentence.
function M.new_job(request, fill)
  local core, sentence = M.find()
  if not core then
    return nil, sentence
  end
  local folder, id = M.make_folder(core)
  if not folder then
    return nil, id
  end
  local fine
  if fill then
    fine, sentence = fill(folder)
    if not fine then
      M.forget(folder)
      return nil, sentence
    end
  end
  fine, sentence = M.submit(folder, request)
  if not fine then
    M.forget(folder)
    return nil, sentence
  end
  return folder, id
end

--- Start the core on a job folder, hidden, without waiting. Gives true, or nil and a sentence.
function M.launch(folder)
  local core, sentence = M.find()
  if not core then
    return nil, sentence
  end
  local words = { table.unpack(core.argv) }
  words[#words + 1] = "run"
  words[#words + 1] = folder
  local command
  command, sentence = quoting.command(words, quoting.family(reaper.GetOS()))
  if not command then
    return nil, sentence
  end
  if not files.exists(core.argv[1]) then
    return nil, ("Stembridge isn't at '%s' any more. "):format(core.argv[1]) .. SETUP
  end
  -- What ExecProcess returns without waiting says nothing; the job's first event does.
  reaper.ExecProcess(command, -2)
  return true
end

local OURS = {
  "request.json",
  "input.wav",
  "input.wav.part",
  "check.wav",
  "check.wav.part",
  "events.jsonl",
  "result.json",
  "rows.jsonl",
  "lock",
  "worker.log",
}

--- Remove the folder of a question that was answered, or of a job that never was submitted.
function M.forget(folder)
  for _, name in ipairs(OURS) do
    os.remove(files.join(folder, name))
  end
  os.remove(folder) -- stays, empty, where the system's remove takes files only
end

-- Questions -------------------------------------------------------------------------------------------

local Query = {}
Query.__index = Query

local function failure(message, hint, code)
  return { error = { code = code or "host", message = message, hint = hint or "" } }
end

--- Ask the core: "catalogue", "presets", "engines", "quote" or "doctor"; `arguments` as in PROTOCOL.md.
-- Gives a handle whose poll() is called once a tick until it answers.
function M.query(what, arguments)
  local query = setmetatable({ rows = {}, phase = "events", at = 1, offset = 0, buffer = "" }, Query)
  local request = {
    protocol = M.PROTOCOL,
    kind = "query",
    host = "reaper",
    what = what,
    arguments = arguments or {},
  }
  local folder, sentence = M.new_job(request)
  local started
  if folder then
    query.folder = folder
    started, sentence = M.launch(folder)
  end
  if not started then
    if folder then
      M.forget(folder)
    end
    query.answer = failure(sentence)
    return query
  end
  query.tail = events.tail(files.join(folder, "events.jsonl"))
  query.heard = reaper.time_precise()
  return query
end

local function ended(query, answer)
  query.answer, query.buffer, query.reader = answer, "", nil
  return answer
end

local function listen(query)
  local found, sentence = query.tail:read()
  local now = reaper.time_precise()
  if not found then
    return ended(query, failure(sentence, SETUP, "protocol"))
  end
  for _, event in ipairs(found) do
    query.heard, query.alive = now, true
    if event.type == "finished" then
      query.phase = "rows"
      return nil
    elseif events.TERMINAL[event.type] then
      return ended(query, failure(event.message or "The question wasn't answered.", event.hint, event.code))
    end
  end
  if now - query.heard > (query.alive and SILENT_FOR or START_WITHIN) then
    local words = query.alive and "Stembridge stopped answering." or "Stembridge didn't start."
    return ended(query, failure(words, "Run `stembridge doctor` in a terminal: it says what is missing."))
  end
  return nil
end

local CHUNK = 32768

-- Give the next line's text; false when a chunk was read and there is more to do; nil at the end.
local function next_line(query)
  local stop = query.buffer:find("\n", query.at, true)
  if stop then
    local line = query.buffer:sub(query.at, stop - 1)
    query.at = stop + 1
    return line
  end
  local chunk = files.read_at(files.join(query.folder, "rows.jsonl"), query.offset, CHUNK) or ""
  if chunk == "" then
    return nil
  end
  query.offset = query.offset + #chunk
  query.buffer = query.buffer:sub(query.at) .. chunk
  query.at = 1
  return false
end

local function read_rows(query, tokens)
  while tokens > 0 do
    if not query.reader then
      local line = next_line(query)
      if line == nil then
        local answer = ended(query, { rows = query.rows })
        M.forget(query.folder)
        return answer
      end
      query.reader = line and json.reader(line)
      tokens = tokens - 20
    else
      local before = query.reader.tokens
      local done, row = query.reader:step(tokens)
      tokens = tokens - (query.reader.tokens - before) - 1
      if done then
        query.rows[#query.rows + 1] = row
        query.reader = nil
      elseif done == nil then
        return ended(query, failure("The answer of Stembridge can't be read.", row, "job_corrupt"))
      end
    end
  end
  return nil
end

--- Carry a question on by one tick's work (`tokens` of JSON at most, default 1500).
-- Gives nil as long as there is no answer, then {rows = list} or {error = {code, message, hint}}.
function Query:poll(tokens)
  if self.answer then
    return self.answer
  end
  if self.phase == "events" then
    return listen(self)
  end
  return read_rows(self, tokens or 1500)
end

--- Give up a question: the core is told, and nothing more is read.
function Query:cancel()
  if not self.answer then
    files.touch(files.join(self.folder, "cancel"))
    ended(self, failure("Cancelled.", "", "cancelled"))
  end
end

return M
