-- A job of `follow` in words: what it is called, what it does now, how far it is, what can be done with it.
-- Numbers are true or absent: a share is given only where both numbers of it were told.
local words = require("words")

local M = {}

local PHASES = {
  render = "Reading the audio",
  prepare = "Preparing the upload",
  upload = "Uploading",
  queue = "In the queue",
  process = "Separating",
  measuring = "Listening",
  separating = "Separating",
  download = "Fetching the stems",
  align = "Checking the stems",
  blend = "Blending",
  compare = "Comparing",
  join = "Joining the parts",
  write = "Writing the stems",
}

local function number(value)
  return type(value) == "number" and value or nil
end

local function amounts(job)
  local done, total = number(job.done), number(job.total)
  if not done then
    return nil
  end
  if job.unit == "bytes" then
    if total then
      return ("%s of %s"):format(words.bytes(done), words.bytes(total))
    end
    return words.bytes(done)
  end
  if job.unit == "place" then
    return total and ("place %.0f of %.0f"):format(done, total) or ("place %.0f"):format(done)
  end
  if job.unit == "parts" then
    return total and ("part %.0f of %.0f"):format(done, total) or nil
  end
  if total and total > 0 then
    return ("%d %%"):format(math.floor(100 * done / total))
  end
  return nil
end

--- Give how much of the present phase is done, 0..1; nil where nobody knows.
function M.share(job)
  if job.state == "ready" then
    return 1
  elseif job.waiting then
    return nil
  end
  local done, total = number(job.done), number(job.total)
  if job.steps then
    done, total = number(job.steps.done), number(job.steps.total)
  end
  if job.unit == "place" and not job.steps or not done or not total or total <= 0 then
    return nil
  end
  return math.max(0, math.min(1, done / total))
end

--- Tell whether a job still goes on by itself.
function M.runs(job)
  return not (job.over or job.stalled)
end

--- Tell whether a job is done with: nothing will happen any more unless the user wants it.
function M.ended(job)
  if job.stalled or job.refused then
    return true
  end
  return job.over and job.state ~= "needs_decision" and (job.state ~= "ready" or job.placed == true)
end

--- Tell whether all went well: the results are in the project.
function M.well(job)
  return job.state == "ready" and job.placed == true and not job.refused
end

-- A phase in words. A job that is made of jobs names the step before it: "Drums: process".
local function phase_words(phase)
  local step, rest = phase:match("^(.*): (.-)$")
  if not step then
    return PHASES[phase]
  end
  return ("%s: %s"):format(step, (PHASES[rest] or rest):lower())
end

local function finished(job)
  if job.refused then
    return job.refused, "bad"
  elseif job.wish then
    return "Coming into the project…", "good"
  elseif job.placed then
    local count = job.count and job.count > 0 and words.count(job.count, "result") .. " in the project."
    local notes = #(job.notes or {}) > 0 and " " .. table.concat(job.notes, " ") or ""
    return "Done. " .. (count or "The stems are in the project.") .. notes, "good"
  elseif job.held then
    return job.held.sentence, "warn"
  elseif job.bring then
    return "Coming into the project…", "good"
  end
  return "Finished; not imported yet.", "good"
end

--- Say what a job does now.
-- @param job one of `follow.list()`
-- @param now Unix seconds, for "in 0:30"
-- @return the sentence, and its colour
function M.status(job, now)
  if job.stalled then
    return job.message, "bad"
  elseif job.state == "needs_decision" then
    return job.question and job.question.message or "Needs your answer.", "warn"
  elseif job.state == "failed" then
    return job.message or "Failed.", "bad"
  elseif job.state == "cancelled" then
    return (job.message or "") ~= "" and job.message or "Cancelled.", "dim"
  elseif job.state == "ready" then
    return finished(job)
  elseif job.cancelling then
    return "Cancelling…", "dim"
  elseif job.waiting then
    local text = tostring(job.waiting.reason or "Waiting")
    text = "Waiting: " .. text
    local till = job.waiting.till
    if type(till) == "number" and till > now then
      text = ("%s (%s)"):format(text, words.clock(till - now))
    end
    return text, "dim"
  end
  local phase = type(job.phase) == "string" and phase_words(job.phase) or words.state(job.state)
  local amount = job.phase and amounts(job)
  local text = amount and ("%s, %s"):format(phase, amount) or phase
  if job.steps and number(job.steps.total) then
    text = ("%s (%.0f of %.0f steps done)"):format(text, number(job.steps.done) or 0, job.steps.total)
  end
  return text, "dim"
end

--- Give what to do about it, "" where there is nothing to say.
function M.hint(job)
  local hint = job.state == "needs_decision" and job.question and job.question.hint or job.hint
  return type(hint) == "string" and hint or ""
end

--- Give the answers that a job waits for: a list of {id=, words=}.
function M.choices(job)
  return job.state == "needs_decision" and not job.stalled and job.question and job.question.choices or {}
end

--- Give what the user may do with a job: a list of {id, label}.
function M.actions(job)
  if job.stalled or job.state == "failed" or job.state == "cancelled" then
    return { { "resume", "Resume" }, { "retry", "Retry" } }
  elseif job.state == "ready" then
    if job.wish then
      return {}
    end
    return { { "import", job.placed and "Import again" or "Import" } }
  elseif job.cancelling then
    return {}
  end
  return { { "cancel", "Cancel" } }
end

--- Say what a job cost or may cost; nil where that isn't known.
function M.cost(job)
  if job.engine == "offline" then
    return "free"
  end
  local most = job.max_credits
  if math.type(most) == "integer" and most > 0 then
    return ("up to %s"):format(words.count(most, "credit"))
  end
  return nil
end

-- What stands for a model in a job that has none of its own.
local function composed(job)
  if type(job.method) == "string" then
    local stem = type(job.stem) == "string" and words.stem(job.stem) .. ", " or ""
    return ("Blend: %s%s"):format(stem, job.method)
  elseif type(job.chain) == "string" then
    return "Chain: " .. job.chain
  elseif type(job.chain) == "table" then
    return "Chain: " .. tostring(job.chain.title or job.chain.id or "its own")
  end
  return nil
end

--- Give a job's engine and model as far as they are known.
function M.maker(job, titles)
  local whole = composed(job)
  if whole then
    return whole
  end
  local model = type(job.model) == "string" and job.model or nil
  local engine = type(job.engine) == "string" and job.engine or nil
  local labels = { offline = "This computer", mvsep = "MVSEP" }
  local maker = engine and (labels[engine] or engine) or ""
  local name = model and ((titles or {})[(engine or "") .. ":" .. model] or ("model %s"):format(model))
  local compare = type(job.context) == "table" and job.context.compare
  if type(compare) == "table" and type(compare.title) == "string" then
    name = compare.title -- by that its stems are told apart
  end
  return name and maker ~= "" and ("%s, %s"):format(maker, name) or maker
end

return M
