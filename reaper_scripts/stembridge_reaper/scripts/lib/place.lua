-- The way back: a finished job's stems onto the timeline, whole or not at all, in one undo step.
--
-- What a job remembers of its project stands in tests/golden/host_context.md.

local files = require("files")
local layouts = require("layouts")
local ledger = require("ledger")
local originals = require("originals")
local peaks = require("peaks")
local projects = require("projects")
local results = require("results")
local texts = require("texts")
local versions = require("versions")
local view = require("view")

local M = { UNDO = "Stembridge: import stems" }

local ALL = -1
local RECORDING = 4

-- Say where the stems' files are when that isn't the project's folder.
local function tell_place(job, path)
  for _, row in ipairs(job.audio) do
    local folder = files.parent(row.path)
    if not results.inside(row.path, files.parent(path)) and path ~= "" then
      local words = "The stems' files lie in '%s', outside of the project's folder."
      job.notes[#job.notes + 1] = words:format(folder)
      return
    elseif row.home and path == "" then
      local words = "The stems' files lie in '%s': save the project with its media to keep them together."
      job.notes[#job.notes + 1] = words:format(folder)
      return
    end
  end
end

local function insert(job)
  local where = "tracks"
  if #job.audio > 0 and job.context.compare then
    versions.place(job)
  elseif #job.audio > 0 then
    where = layouts.choose(job)
    layouts.place(job, where)
  end
  local lines, said = texts.place(job)
  job.placed.lines, job.where = lines, where
  job.notes[#job.notes + 1] = said
  for _, sentence in ipairs(originals.quieten(job, where)) do
    job.notes[#job.notes + 1] = sentence
  end
end

-- Everything between the two ends of the undo block; they are reached on every path.
local function in_one_step(proj, jobs)
  local restore = view.keep(proj)
  reaper.Undo_BeginBlock2(proj)
  reaper.PreventUIRefresh(1)
  local fine, fault = pcall(function()
    for _, job in ipairs(jobs) do
      insert(job)
    end
  end)
  local restored, other = pcall(restore)
  reaper.PreventUIRefresh(-1)
  reaper.Undo_EndBlock2(proj, M.UNDO, ALL)
  local whole = fine and restored
  if not whole and reaper.Undo_CanUndo2(proj) == M.UNDO then
    reaper.Undo_DoUndo2(proj) -- nothing of a part of it stays
  end
  reaper.TrackList_AdjustWindows(false)
  reaper.UpdateArrange()
  if not whole then
    error(fine and other or fault, 0)
  end
end

local function count(job)
  return #job.placed.items + #job.placed.takes
end

local function write_note(job)
  local now = projects.facts(job.proj)
  return ledger.note(job.folder, {
    v = 1,
    project = now,
    placed_at = os.time(),
    where = job.where,
    set = job.set,
    tracks = job.placed.tracks,
    items = job.placed.items,
    takes = job.placed.takes,
    lines = job.placed.lines,
    notes = job.notes,
  })
end

local function refused(sentence, code)
  return nil, sentence, code or "refused"
end

-- The last things before a job's stems are placed, its project being current. Gives true, or nil, a sentence
-- and a code.
local function make_ready(job, again)
  local proj = job.proj
  if ledger.holds(proj, job.id) then
    if not again then
      return refused("The stems of this job are in the project already.", "placed")
    end
    -- Beside what is there, not upon it; after an undo, among the stems of the same start.
    job.set = ("%s+%d"):format(job.set, job.times)
  end
  local notes
  job.originals, notes = originals.find(proj, job.context)
  for _, sentence in ipairs(notes) do
    job.notes[#job.notes + 1] = sentence
  end
  local fine, sentence = results.open(job.loaded)
  if not fine then
    return refused(sentence)
  end
  return true
end

local function give_up(jobs, fault)
  local words = "The stems couldn't be placed (%s); the project is as it was."
  for _, job in ipairs(jobs) do
    results.close(job.loaded)
    job.refusal = { words:format(tostring(fault)), "failed" }
  end
end

-- Place what is ready, the project being current. What becomes of each job stands in it: refusal, or nothing.
local function place_here(proj, jobs)
  local ready = {}
  for _, job in ipairs(jobs) do
    local fine, sentence, code = make_ready(job, job.again)
    if fine then
      ready[#ready + 1] = job
    else
      job.refusal = { sentence, code }
    end
  end
  if #ready == 0 then
    return
  end
  local done, fault = pcall(in_one_step, proj, ready)
  if not done then
    give_up(ready, fault)
    return
  end
  for _, job in ipairs(ready) do
    for _, row in ipairs(job.audio) do
      peaks.add(proj, row.take_guid)
    end
  end
end

-- Read a job and find its project. Gives the job, or nil, a sentence and a code.
local function prepare(folder, options)
  local placed = ledger.placed(folder)
  if #placed > 0 and not options.again then
    return refused("The stems of this job were placed before.", "placed")
  end
  local result, sentence = options.result, nil
  if not result then
    result, sentence = results.read(folder)
  end
  if not result then
    return refused(sentence)
  end
  local proj, path = projects.find(result.host_context, options.proj)
  if not proj then
    local name = result.host_context.project.name
    local words = "The project '%s' isn't open. Open it, then import the finished job."
    return refused(words:format(name ~= "" and name or "unnamed"), "no_project")
  end
  local context = result.host_context
  if not context.stem then -- sent from no place: to the edit cursor, as it was then or as it is now
    context.cursor = context.cursor or reaper.GetCursorPositionEx(proj)
  end
  if reaper.GetPlayStateEx(proj) & RECORDING ~= 0 then
    return refused("REAPER is recording; the stems come afterwards.", "recording")
  end
  local loaded
  loaded, sentence = results.check(result, path)
  if not loaded then
    return refused(sentence)
  end
  local job = {
    id = loaded.result.job,
    folder = folder,
    proj = proj,
    loaded = loaded,
    context = loaded.context,
    audio = loaded.audio,
    labels = loaded.labels,
    set = loaded.context.set,
    times = #placed,
    again = options.again,
    placed = { tracks = {}, items = {}, takes = {}, lines = 0 },
    notes = {},
  }
  tell_place(job, path)
  return job
end

-- Write down what was placed, and give it.
local function finish(job)
  if not write_note(job) then
    job.notes[#job.notes + 1] =
      "The job's folder can't be written to; that it was placed is known by its items alone."
  end
  ledger.remove(job.proj, job.id)
  return {
    proj = job.proj,
    where = job.where,
    tracks = job.placed.tracks,
    items = job.placed.items,
    takes = job.placed.takes,
    lines = job.placed.lines,
    count = count(job),
    notes = job.notes,
  }
end

--- Place the results of finished jobs of one project together, each as `import` does, in one undo step.
--
-- list: of {folder, options}. Gives a list of {done}, or {nil, sentence, code}, in the same order: what one
-- can't give leaves the others.
function M.import_together(list)
  local outcomes, jobs, at = {}, {}, {}
  for index, one in ipairs(list) do
    local job, sentence, code = prepare(one.folder, one.options)
    if job and #jobs > 0 and jobs[1].proj ~= job.proj then
      job, sentence, code = refused("This job belongs to another project than the others.")
    end
    outcomes[index] = { nil, sentence, code }
    if job then
      jobs[#jobs + 1], at[job] = job, index
    end
  end
  if #jobs > 0 then
    projects.within(jobs[1].proj, function()
      place_here(jobs[1].proj, jobs)
    end)
  end
  for _, job in ipairs(jobs) do
    local refusal = job.refusal
    outcomes[at[job]] = refusal and { nil, refusal[1], refusal[2] } or { finish(job) }
  end
  return outcomes
end

--- Place a finished job's results in its project, at the recorded place, in one undo step.
--
-- folder: the job's folder. options: {proj = the project's last known pointer or nil, again = true to
-- place once more what was placed before, result = the document, where it is read already}.
-- Gives {proj, where, tracks, items, takes (GUIDs), lines (of a transcript), count, notes (sentences for the
-- user)}; or nil, a sentence and a code: "no_project" (it isn't open), "recording", "placed" (there
-- already), "refused" (the result isn't whole) or "failed".
function M.import(folder, options)
  local outcome = M.import_together({ { folder = folder, options = options or {} } })[1]
  return outcome[1], outcome[2], outcome[3]
end

return M
