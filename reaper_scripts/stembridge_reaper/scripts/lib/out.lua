-- Audio out: from the selection to jobs that run. Nothing waits: what takes longer than a moment is done in
-- slices, a defer tick each (REAPER's own render apart).

local core = require("core")
local heard_mode = require("heard_mode")
local order = require("order")
local projects = require("projects")
local sending = require("sending")
local sent = require("sent")
local source_mode = require("source_mode")
local span = require("span")
local survey = require("survey")

local M = {}

local ROWS_PER_TICK = 40

local function track_names(plan)
  local names, seen = {}, {}
  for _, entry in ipairs(plan.entries) do
    local _, name = reaper.GetTrackName(entry.track)
    if not seen[entry.track] then
      seen[entry.track] = true
      names[#names + 1] = name
    end
  end
  return names
end

local function notes(plan)
  local found = {}
  for _, entry in ipairs(plan.entries) do
    for _, subject in ipairs(entry.whole and entry.subjects or {}) do
      for _, words in ipairs(source_mode.notes(subject)) do
        found[#found + 1] = words
      end
      for _, words in ipairs(plan.mode == "heard" and heard_mode.notes(subject) or {}) do
        found[#found + 1] = words
      end
    end
  end
  return found
end

local function row(proj, plan)
  local count = 0
  for _, entry in ipairs(plan.entries) do
    count = count + #entry.subjects
  end
  return {
    key = sent.key(proj, plan),
    words = sent.name(plan),
    seconds = span.seconds(plan.frames, plan.rate),
    frames = plan.frames,
    rate = plan.rate,
    channels = plan.channels,
    mode = plan.mode,
    why = plan.why,
    tracks = track_names(plan),
    items = count,
    notes = notes(plan),
    source = sent.source(plan),
  }
end

local function told(proj, fine, plans)
  local jobs = {}
  for _, plan in ipairs(fine and plans or {}) do
    jobs[#jobs + 1] = row(proj, plan)
  end
  return { jobs = jobs, refusal = not fine and plans or nil }
end

--- Say what would be sent: `choices` may hold mode and per. Nothing is changed.
--
-- Gives {jobs = list of {key, words, seconds, frames, rate, channels, mode, why, tracks, items, notes,
-- source (as a request has it, in source mode)}, refusal = a sentence or nil}. For many items see
-- `describing`.
function M.describe(proj, choices)
  return projects.within(proj, function()
    return told(proj, survey.begin(proj, choices or {}):whole())
  end)
end

--- Say the same in slices: gives a function to be called once a tick, which gives nil until it knows.
function M.describing(proj, choices)
  local one = survey.begin(proj, choices or {})
  local fine, plans, rows
  return function()
    if fine == nil then
      fine, plans = one:step()
      return fine == false and told(proj, fine, plans) or nil
    end
    rows = rows or {}
    return projects.within(proj, function()
      for index = #rows + 1, math.min(#plans, #rows + ROWS_PER_TICK) do
        rows[index] = row(proj, plans[index])
      end
      return #rows == #plans and { jobs = rows } or nil
    end)
  end
end

--- Send the selection: make the jobs, and start the core on each. It drives itself by defer.
--
-- `choices`: engine, model, preset or chain, options, stems, rest, residual, where, original, mode, per,
-- max_credits, prices (what each length may cost, see quote.lua), again, format; texts ("take_markers" or
-- "regions"); before_effects (as heard, without the tracks' effects); nothing_to_send (the model takes no
-- audio); orders (several such, with a title each: every region is sent to each of them, to be compared; mode
-- and per count from outside); each (orders of their own by `key` of a described job).
-- `done(folders, sentence)` is called once: a list of job folders, or nil and a sentence; both where some
-- were started before one was refused. Gives a handle with cancel() and progress(), or nil.
function M.start(proj, choices, done)
  local installed, sentence = core.find()
  local recipe
  if installed then
    recipe, sentence = order.recipe(choices.orders and choices.orders[1] or choices)
  end
  if not recipe then
    done(nil, sentence)
    return nil
  end
  return sending.begin(proj, choices, installed, done)
end

return M
