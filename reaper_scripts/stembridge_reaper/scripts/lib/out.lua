-- Audio out: from the selection to jobs that run. Nothing waits: what takes longer than a moment is done in
-- slices, a defer tick each (REAPER's own render apart).

local core = require("core")
local files = require("files")
local ids = require("ids")
local items = require("items")
local order = require("order")
local planning = require("planning")
local projects = require("projects")
local selection = require("selection")
local sending = require("sending")
local source_mode = require("source_mode")
local span = require("span")

local M = {}

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

local function job_name(plan)
  local name = plan.entries[1].name
  if #plan.entries > 1 then
    name = ("%s and %d more"):format(name, #plan.entries - 1)
  end
  return files.stem(name)
end

local function notes(plan)
  local found = {}
  for _, entry in ipairs(plan.entries) do
    for _, subject in ipairs(entry.whole and entry.subjects or {}) do
      for _, words in ipairs(source_mode.notes(subject)) do
        found[#found + 1] = words
      end
    end
  end
  return found
end

local function source_of(plan)
  if plan.mode ~= "source" then
    return nil
  end
  return {
    path = plan.path,
    first_frame = plan.first,
    frames = plan.frames,
    rate = plan.rate,
    channels = plan.channels,
  }
end

local function row(plan)
  local count = 0
  for _, entry in ipairs(plan.entries) do
    count = count + #entry.subjects
  end
  return {
    words = job_name(plan),
    seconds = span.seconds(plan.frames, plan.rate),
    frames = plan.frames,
    rate = plan.rate,
    channels = plan.channels,
    mode = plan.mode,
    why = plan.why,
    tracks = track_names(plan),
    items = count,
    notes = notes(plan),
    source = source_of(plan),
  }
end

local function plan_all(proj, choices)
  local chosen, sentence = selection.read(proj)
  if not chosen then
    return nil, sentence
  end
  return planning.all(proj, chosen, choices.mode or "auto", choices.per or "item")
end

--- Say what would be sent: `choices` may hold mode and per. Nothing is changed.
--
-- Gives {jobs = list of {words, seconds, frames, rate, channels, mode, why, tracks, items, notes, source (as
-- a request has it, in source mode)}, refusal = a sentence or nil}.
function M.describe(proj, choices)
  return projects.within(proj, function()
    local plans, sentence = plan_all(proj, choices or {})
    local jobs = {}
    for _, plan in ipairs(plans or {}) do
      jobs[#jobs + 1] = row(plan)
    end
    return { jobs = jobs, refusal = sentence }
  end)
end

-- The facts of what is sent, taken while the items are what they were when they were chosen.
local function parts(plan)
  if plan.mode == "source" then
    return { source_mode.part(plan) }
  end
  local found = {}
  for _, entry in ipairs(plan.entries) do
    if entry.whole then
      local subject = entry.subjects[1]
      found[#found + 1] = items.snapshot(subject.item, subject.take)
    else
      found[#found + 1] = { track = items.track_facts(entry.track) }
    end
  end
  return found
end

local function context(choices, at, plan)
  if plan.mode == "nothing" then
    return order.context(choices, at, nil)
  end
  return order.context(choices, at, {
    mode = plan.mode,
    first = plan.first,
    frames = plan.frames,
    rate = plan.rate,
    channels = plan.channels,
    stem = plan.stem,
    parts = parts(plan),
  })
end

local function prepare(proj, choices)
  local plans, sentence
  if choices.nothing_to_send then
    plans = { { mode = "nothing", name = choices.model or "stems" } }
  else
    plans, sentence = plan_all(proj, choices)
  end
  if not plans then
    return nil, sentence
  end
  local at = {
    project = projects.facts(proj),
    set = "s" .. ids.new(),
    cursor = reaper.GetCursorPositionEx(proj),
  }
  for _, plan in ipairs(plans) do
    plan.name = plan.name or job_name(plan)
    plan.context = context(choices, at, plan)
    plan.source = source_of(plan)
  end
  return plans
end

--- Send the selection: make the jobs, and start the core on each. It drives itself by defer.
--
-- `choices`: engine, model, preset, options, stems, rest, residual, where, original, mode, per, max_credits,
-- again, format; texts ("take_markers" or "regions"); before_effects (as heard, without the tracks'
-- effects); nothing_to_send (the model takes no audio).
-- `done(folders, sentence)` is called once: a list of job folders, or nil and a sentence; both where some
-- were started before one was refused. Gives a handle with cancel() and progress(); nil where it was refused.
function M.start(proj, choices, done)
  local installed, sentence = core.find()
  local recipe, plans
  if installed then
    recipe, sentence = order.recipe(choices)
  end
  if recipe then
    plans, sentence = projects.within(proj, function()
      return prepare(proj, choices)
    end)
  end
  if not plans then
    done(nil, sentence)
    return nil
  end
  return sending.begin(proj, choices, installed, plans, done)
end

return M
