-- All jobs of this REAPER: watched a little every tick, brought home when they are finished.
--
-- Several scripts may follow the same jobs at once (a window and the runner behind it): each sees them,
-- only the one that holds the claim starts workers again and imports without being told. The files in
-- the job's folder are the truth, so nothing is lost when all of them end.

local claim = require("claim")
local core = require("core")
local files = require("files")
local followed = require("followed")
local homecoming = require("homecoming")
local inbox = require("inbox")
local json = require("json")
local ledger = require("ledger")
local peaks = require("peaks")
local projects = require("projects")

local M = {}

local POLL_EVERY = 0.3
-- Jobs that were found in the data folder, and are taken in per tick.
local ADOPTED = 8
local OVER = { failed = true, cancelled = true, needs_decision = true }

local jobs, by_id, missing = {}, {}, {}
local turn, looked = 0, -math.huge
local scan, folder_of_jobs
local fresh, taken = nil, 0

--- Let another script take over at once: for the end of this one.
M.release = claim.release

--- Give all jobs, oldest first. followed.lua says what they hold; besides: placed (with count and notes of an
-- import of ours), bring (it is placed by itself), wish (it is about to be placed), held {sentence, code}
-- (what placing waits for), refused (why its result can't be placed).
function M.list()
  return jobs
end

--- Give the job of that id, or nil.
function M.get(id)
  return by_id[id]
end

-- A job's project, as long as its pointer lives.
local function project_of(job)
  return job.proj and reaper.ValidatePtr(job.proj, "ReaProject*") and job.proj or nil
end

local function put(job)
  by_id[job.id] = job
  -- Most come in order: a look from the end is short.
  local at = #jobs + 1
  while at > 1 and jobs[at - 1].id > job.id do
    at = at - 1
  end
  table.insert(jobs, at, job)
  return job
end

--- Follow a job that was started just now: it is placed by itself when it is finished. `proj`: its project.
-- Gives the job.
function M.add(folder, proj)
  local job = by_id[files.name(folder)] or put(followed.new(folder, proj, true))
  job.bring, job.proj = true, proj
  ledger.add(proj, job.id)
  return job
end

-- Follow a job that was found; one that is under way is placed by itself, a finished one waits for a word.
local function adopt(folder, proj)
  local id = files.name(folder)
  if by_id[id] then
    by_id[id].proj = by_id[id].proj or proj
    return nil
  elseif not files.exists(files.join(folder, "request.json")) then
    return nil
  end
  local job = put(followed.new(folder, proj, false))
  job.placed = #ledger.placed(folder) > 0
  job.bring = not files.exists(files.join(folder, "result.json"))
  return job
end

-- A project may name jobs that were removed, or another machine's: it isn't changed for that.
local function look_into_ledger()
  for _, id in ipairs(ledger.everywhere()) do
    if not by_id[id] and not adopt(files.join(folder_of_jobs, id), nil) then
      ledger.remove(nil, id) -- its folder was removed
    end
  end
  for _, one in ipairs(projects.all()) do
    for _, id in ipairs(ledger.of(one.proj)) do
      local job = by_id[id]
      if job then
        job.proj = job.proj or one.proj
      elseif not missing[id] then
        missing[id] = not adopt(files.join(folder_of_jobs, id), one.proj)
      end
    end
  end
end

--- Begin: find the jobs that are known, and search the data folder for others. Gives true, or nil and a
-- sentence where Stembridge isn't installed.
function M.open()
  local found, sentence = core.find()
  if not found then
    return nil, sentence
  end
  folder_of_jobs = core.jobs_folder(found)
  look_into_ledger()
  scan = inbox.scan(folder_of_jobs)
  return true
end

--- Say whether the data folder is still being searched.
function M.searching()
  return scan ~= nil
end

local function search()
  fresh = fresh or scan:step()
  if not fresh then
    return
  end
  for index = taken + 1, math.min(#fresh, taken + ADOPTED) do
    local job = adopt(fresh[index].folder, fresh[index].proj)
    if job then
      job:know(fresh[index])
    end
    taken = index
  end
  if taken == #fresh then
    scan, fresh, taken = nil, nil, 0
  end
end

-- A job without a worker -----------------------------------------------------------------------------

local function launch(job)
  local fine, sentence = core.launch(job.folder)
  if fine then
    job:restarted(reaper.time_precise())
    ledger.add(project_of(job), job.id)
    return true
  end
  return nil, sentence
end

local function revive(job)
  if job.revived == 0 then
    job.revived = 1
    if launch(job) then
      return
    end
  end
  job:give_up()
end

-- What the user can do -------------------------------------------------------------------------------

local function over(job)
  return job.stalled or (job.over and OVER[job.state])
end

--- Cancel a job: its worker tells the service, where one is at work. Gives true, or nil and a sentence.
function M.cancel(id)
  local job = by_id[id]
  if job.over and job.state ~= "needs_decision" then
    return nil, "This job is over already."
  end
  local fine, sentence = files.touch(files.join(job.folder, "cancel"))
  if fine and over(job) then -- nobody is there to read the wish
    fine, sentence = launch(job)
  end
  if not fine then
    return nil, sentence
  end
  job.cancelling = true
  return true
end

--- Go on with a job that failed, was cancelled, or lost its worker, from what is on disk.
function M.resume(id)
  local job = by_id[id]
  if not over(job) then
    return nil, "This job needs no help."
  end
  os.remove(files.join(job.folder, "cancel"))
  job.cancelling, job.revived, job.bring = nil, 0, true
  return launch(job)
end

--- Answer a job's question with the id of one of its choices; its worker starts again.
function M.answer(id, choice)
  local job = by_id[id]
  if not job.question then
    return nil, "This job asks nothing."
  end
  local text = json.encode({ id = job.question.id, choice = choice })
  local fine, sentence = files.write(files.join(job.folder, "answer.json"), text)
  if not fine then
    return nil, sentence
  end
  job.bring = true
  return launch(job)
end

--- Order the same again as a new job. Gives the new job, or nil and a sentence.
function M.retry(id)
  local old = by_id[id]
  if not over(old) then
    return nil, "Only a job that failed or was cancelled can be tried again."
  end
  local request, sentence = files.read(files.join(old.folder, "request.json"), 8 * 1024 * 1024)
  local found = request and core.find()
  local folder = found and core.make_folder(found)
  if not folder then
    return nil, sentence or "A new job can't be made: is Stembridge still installed?"
  end
  local input = files.join(old.folder, "input.wav")
  local fine = true
  if files.exists(input) then -- rendered once; it moves on, since it may be large
    fine, sentence = os.rename(input, files.join(folder, "input.wav"))
  end
  if fine then
    fine, sentence = files.write(files.join(folder, "request.json"), request)
  end
  if fine then
    fine, sentence = core.launch(folder)
  end
  if not fine then
    return nil, sentence
  end
  ledger.remove(project_of(old), old.id)
  return M.add(folder, project_of(old))
end

--- Place a finished job's stems in the next tick; `again` places once more what was placed before.
function M.import(id, again)
  local job = by_id[id]
  if job.state ~= "ready" then
    return nil, "This job isn't finished."
  end
  job.wish = { again = again == true }
  return true
end

--- Place every finished job that was never placed, one a tick. Gives how many there are.
function M.import_finished()
  local count = 0
  for _, job in ipairs(jobs) do
    if job.state == "ready" and not job.placed then
      job.wish = {}
      count = count + 1
    end
  end
  return count
end

--- Say whether there is anything left to do without the user.
function M.busy()
  if scan or peaks.pending() > 0 then
    return true
  end
  for _, job in ipairs(jobs) do
    if job.wish or not (job.over or job.stalled) or homecoming.due(job, jobs) then
      return true
    end
  end
  return false
end

-- The tick -------------------------------------------------------------------------------------------

-- Poll the next job whose time has come.
local function poll_one(now, mine)
  for _ = 1, #jobs do
    turn = turn % #jobs + 1
    local job = jobs[turn]
    if now >= (job.due or 0) then
      local changed = job:poll(now)
      job.due = (changed or not job.known) and now or now + POLL_EVERY
      if mine and job:dead(now) then
        revive(job)
        changed = true
      elseif job.state == "ready" and not job.placed and not mine then
        job.placed = #ledger.placed(job.folder) > 0
      end
      return changed
    end
  end
  return false
end

--- Do one tick's work. Gives whether something changed that a user sees. An import has a tick of its own.
function M.tick()
  local now = reaper.time_precise()
  local mine = claim.hold(now)
  local coming, again = homecoming.next(jobs, mine, now, scan ~= nil)
  if coming then
    return homecoming.bring(coming, again)
  end
  if now - looked >= homecoming.LOOK_EVERY and folder_of_jobs then
    looked = now
    look_into_ledger()
  elseif scan then
    search()
  end
  peaks.tick()
  return poll_one(now, mine)
end

return M
