-- A job that gives no stems, followed to its end: a comparison. Its result is read in slices.

local core = require("core")
local events = require("events")
local files = require("files")
local json = require("json")

local M = {}
M.__index = M

local START_WITHIN, SILENT_FOR = 45, 120
local TOKENS = 1000
local MOST_BYTES = 8 * 1024 * 1024

local function failure(message, hint)
  return { error = { message = message, hint = hint or "" } }
end

--- Begin: make the job, and start the core on it. Fields: folder, phase, done, total.
-- @param request without protocol and host
function M.begin(request)
  local errand = setmetatable({}, M)
  request.protocol, request.host = core.PROTOCOL, "reaper"
  local folder, sentence = core.new_job(request)
  local fine = folder
  if folder then
    errand.folder = folder
    fine, sentence = core.launch(folder)
  end
  if not fine then
    errand.answer = failure(sentence)
    return errand
  end
  errand.tail = events.tail(files.join(folder, "events.jsonl"))
  errand.heard = reaper.time_precise()
  return errand
end

local function listen(self)
  local found, sentence = self.tail:read()
  local now = reaper.time_precise()
  if not found then
    self.answer = failure(sentence, "Run `stembridge setup reaper`.")
    return
  end
  for _, event in ipairs(found) do
    self.heard, self.alive = now, true
    if event.type == "progress" then
      self.phase, self.done, self.total = event.phase, event.done, event.total
    elseif event.type == "finished" then
      self.tail = nil
      return
    elseif events.TERMINAL[event.type] then
      self.answer = failure(event.message or "It wasn't done.", event.hint)
      return
    end
  end
  if now - self.heard > (self.alive and SILENT_FOR or START_WITHIN) then
    local words = self.alive and "Stembridge stopped answering." or "Stembridge didn't start."
    self.answer = failure(words, "Run `stembridge doctor` in a terminal: it says what is missing.")
  end
end

local function read(self)
  if not self.reader then
    local text, sentence = files.read(files.join(self.folder, "result.json"), MOST_BYTES)
    if not text then
      self.answer = failure(sentence)
      return
    end
    self.reader = json.reader(text)
  end
  local done, document = self.reader:step(TOKENS)
  if done then
    self.answer = { result = document }
  elseif done == nil then
    self.answer = failure("The answer of Stembridge can't be read.")
  end
end

--- Go on by a tick's work. Gives nil as long as there is no answer, then {result=} or {error={message,
-- hint}}.
function M:poll()
  if self.answer then
    return self.answer
  elseif self.tail then
    listen(self)
  else
    read(self)
  end
  return self.answer
end

--- Give it up.
function M:cancel()
  if not self.answer then
    files.touch(files.join(self.folder, "cancel"))
    self.answer = failure("Cancelled.")
  end
end

return M
