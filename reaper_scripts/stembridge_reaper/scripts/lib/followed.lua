-- One job as its folder tells it: its request read in slices, its events as they come, and whether its
-- worker still lives.

local events = require("events")
local files = require("files")
local json = require("json")

local M = {}

local TOKENS = 800
-- Seconds without a line: a worker beats every 5, but a long computation may hold a line back.
local START_WITHIN, SILENT_FOR = 45, 60
-- An old log is taken up near its end: its last events say all that is still true.
local TAIL = 32768
local MOST_WARNINGS = 20

local Job = {}
Job.__index = Job

-- Where to begin in a log that is there already: behind a newline.
local function beginning(path)
  local size = files.size(path) or 0
  if size <= TAIL then
    return 0
  end
  local text = files.read_at(path, size - TAIL, TAIL) or ""
  local newline = text:find("\n", 1, true)
  return newline and size - TAIL + newline or 0
end

--- Begin to follow the job in a folder. `proj`: its project's pointer, where known. `started`: true where
-- its worker was started just now.
--
-- Fields for the user's eyes: id, name, engine, model, chain, method and stem (of a blend), state (as in
-- PROTOCOL.md), over (no worker has it),
-- max_credits, phase, done, total, unit, steps {done, total} (of a chain or of parts), waiting {reason,
-- till = Unix seconds or nil}, message, hint, question {id, code, message, hint, choices = a list of {id =
-- , words = }}, warnings (sentences), stalled (its worker died twice).
function M.new(folder, proj, started)
  local path = files.join(folder, "events.jsonl")
  return setmetatable({
    id = files.name(folder),
    folder = folder,
    proj = proj,
    name = "",
    state = "created",
    over = false,
    warnings = {},
    tail = events.tail(path, beginning(path)),
    heard = reaper.time_precise(),
    fresh = not started,
    revived = 0,
  }, Job)
end

--- Take over what is known of the request already (inbox.lua's facts), so that it isn't read again.
function Job:know(facts)
  self.name, self.engine, self.model = facts.name, facts.engine, facts.model
  self.chain, self.method, self.stem = facts.chain, facts.method, facts.stem
  self.max_credits, self.context, self.known = facts.max_credits, facts.context, true
end

-- Read the request a little further.
local function learn(job)
  if not job.reader then
    local text = files.read(files.join(job.folder, "request.json"), 8 * 1024 * 1024)
    if not text then
      job.known = true
      return
    end
    job.reader = json.reader(text)
  end
  local done, request = job.reader:step(TOKENS)
  if done == false then
    return
  end
  job.reader, job.known = nil, true
  if done and type(request) == "table" then
    job.name = type(request.name) == "string" and request.name or ""
    job.engine, job.model, job.max_credits = request.engine, request.model, request.max_credits
    job.chain, job.method, job.stem = request.chain, request.method, request.stem
    local context = request.host_context
    local ours = type(context) == "table"
      and type(context.project) == "table"
      and type(context.parts) == "table"
    job.context = ours and context or nil
  end
end

local function clear(job)
  job.phase, job.done, job.total, job.unit = nil, nil, nil, nil
  job.waiting, job.message, job.hint, job.code, job.question = nil, nil, nil, nil, nil
  job.steps = nil
end

local function choices(event)
  local list = {}
  for _, choice in ipairs(type(event.choices) == "table" and event.choices or {}) do
    if type(choice) == "table" then
      list[#list + 1] = { id = tostring(choice[1]), words = tostring(choice[2] or choice[1]) }
    end
  end
  return list
end

local APPLY = {
  accepted = function(job)
    clear(job)
    job.over, job.stalled, job.accepted = false, nil, true
    if job.state == "failed" or job.state == "cancelled" or job.state == "needs_decision" then
      job.state = "created"
    end
  end,
  state = function(job, event)
    clear(job)
    job.state = tostring(event.state)
  end,
  progress = function(job, event)
    if event.unit == "steps" then -- of a job that is made of jobs; what they do is told beside that
      job.steps = { done = event.done, total = event.total }
      return
    end
    job.phase, job.done, job.total, job.unit = event.phase, event.done, event.total, event.unit
    job.waiting = nil
  end,
  waiting = function(job, event)
    job.waiting = { reason = event.reason, till = event["until"] }
  end,
  warning = function(job, event)
    if #job.warnings < MOST_WARNINGS then
      job.warnings[#job.warnings + 1] = tostring(event.message)
    end
  end,
  needs_decision = function(job, event)
    clear(job)
    job.state, job.over = "needs_decision", true
    job.question = {
      id = event.id,
      code = event.code,
      message = event.message,
      hint = event.hint,
      choices = choices(event),
    }
  end,
  finished = function(job)
    clear(job)
    job.state, job.over = "ready", true
  end,
  failed = function(job, event)
    clear(job)
    job.state, job.over = "failed", true
    job.message, job.hint, job.code = event.message, event.hint, event.code
  end,
  cancelled = function(job, event)
    clear(job)
    job.state, job.over, job.message = "cancelled", true, event.message
  end,
}

local function listen(job, now)
  local before = job.tail.offset
  local found, sentence = job.tail:read()
  if not found then
    job.state, job.over, job.message = "failed", true, sentence
    job.hint, job.code = "Run `stembridge setup reaper`.", "protocol"
    return
  end
  job.more = job.tail.offset > before
  for _, event in ipairs(found) do
    job.heard, job.last = now, tonumber(event.ts)
    if job.stalled then -- it lives after all
      job.stalled, job.state = nil, "created"
    end
    local apply = APPLY[event.type]
    if apply then
      apply(job, event)
    end
  end
  if not job.more and job.fresh then -- all that was written before we looked is read
    job.fresh = false
    local age = os.time() - (job.last or 0)
    if not job.over and age > SILENT_FOR then
      job.heard = now - SILENT_FOR - 1
    end
  end
end

--- Read what is new. Gives whether something changed that a user sees.
function Job:poll(now)
  if not self.known then
    learn(self)
    return self.known == true
  end
  if self.over and not self.fresh then
    return false
  end
  listen(self, now)
  return self.more
end

--- Say whether the worker has to be taken for dead.
function Job:dead(now)
  return self.known == true
    and not (self.over or self.fresh or self.more or self.stalled)
    and now - self.heard > (self.accepted and SILENT_FOR or START_WITHIN)
end

--- Note that the worker died again: there is nothing more to try alone.
function Job:give_up()
  clear(self)
  self.stalled, self.state = true, "failed"
  self.message = "Stembridge's worker has ended without a word, twice."
  self.hint = "Try again; if that doesn't help, send us worker.log from the job's folder."
end

--- Note that a worker was started on the job again.
function Job:restarted(now)
  clear(self)
  self.over, self.stalled, self.accepted, self.heard = false, nil, false, now
  self.state = self.state == "ready" and "ready" or "created"
end

return M
