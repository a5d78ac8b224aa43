-- Which finished job comes into its project next, and how: alone, or together with those it is compared with.

local ledger = require("ledger")
local place = require("place")
local projects = require("projects")
local results = require("results")

local M = {}

M.LOOK_EVERY = 1.0

-- JSON tokens of a result that a tick may parse.
local TOKENS = 1000
-- A job is brought home again only for a reason that passes by itself.
local PASSING = { no_project = true, recording = true }

--- Give what the jobs are compared by: an id that jobs of one region share; nil where a job stands alone.
function M.comparison(job)
  local compare = job.context and job.context.compare
  return type(compare) == "table" and type(compare.id) == "string" and compare.id or nil
end

--- Give the jobs of one comparison, in their order.
function M.group(jobs, id)
  local found = {}
  for _, job in ipairs(jobs) do
    if M.comparison(job) == id then
      found[#found + 1] = job
    end
  end
  table.sort(found, function(one, other)
    return (tonumber(one.context.compare.number) or 0) < (tonumber(other.context.compare.number) or 0)
  end)
  return found
end

-- Whether nothing more will happen to a job by itself.
local function settled(job)
  return job.stalled or (job.over and job.state ~= "needs_decision")
end

--- Tell whether all of a comparison's jobs have come to an end.
function M.complete(group)
  for _, job in ipairs(group) do
    if not settled(job) then
      return false
    end
  end
  return #group > 0
end

-- What an import waited for is looked at again now and then.
local function can_go_on(job, now)
  local held = job.held
  if not held then
    return true
  elseif now < held.due then
    return false
  end
  held.due = now + M.LOOK_EVERY
  return held.code ~= "no_project" or (job.context ~= nil and projects.find(job.context, job.proj) ~= nil)
end

local function waits(job)
  return job.state == "ready" and job.bring and not (job.placed or job.refused)
end

-- The jobs that come home with one: its comparison's others that are ready, once all of these have ended;
-- nil as long as one is under way.
local function companions(job, jobs)
  local id = M.comparison(job)
  if not id then
    return { job }
  end
  local group = M.group(jobs, id)
  if not M.complete(group) then
    return nil
  end
  local found = {}
  for _, one in ipairs(group) do
    if one.state == "ready" and not (one.placed or one.refused) then
      found[#found + 1] = one
    end
  end
  return found
end

--- Tell whether a job will come home without the user.
function M.due(job, jobs)
  return waits(job) and not job.held and companions(job, jobs) ~= nil
end

--- Give the next jobs that come home together, and whether that is done once more; nil where none does.
-- @param mine true: this script looks after the jobs; else only what the user wished is done
-- @param searching true: more jobs are still being found
function M.next(jobs, mine, now, searching)
  for _, job in ipairs(jobs) do
    local wish = job.state == "ready" and job.wish
    if wish and (wish.again or searching) then
      return { job }, wish.again
    elseif wish then -- what the user wants now doesn't wait for others
      return companions(job, jobs) or { job }, false
    elseif mine and waits(job) and can_go_on(job, now) and not (searching and M.comparison(job)) then
      local together = companions(job, jobs)
      if together then
        return together, false
      end
    end
  end
  return nil
end

-- Read the results in slices. Gives true when all are read.
local function read(jobs)
  for _, job in ipairs(jobs) do
    if job.read == nil then
      job.result = job.result or results.reader(job.folder)
      local result, why = job.result(TOKENS)
      if result == nil then
        return false
      end
      job.read, job.unread, job.result = result, why, nil
      return false
    end
  end
  return true
end

local function note(job, done, sentence, code, now)
  job.refused, job.held = nil, nil
  if done then
    job.placed, job.proj = true, done.proj
    job.count, job.notes = done.count + done.lines, done.notes
  elseif code == "placed" then
    job.placed = true
    local live = job.proj and reaper.ValidatePtr(job.proj, "ReaProject*") and job.proj or nil
    ledger.remove(live, job.id)
    job.notes = { sentence }
  elseif PASSING[code] then
    job.held = { sentence = sentence, code = code, due = now + M.LOOK_EVERY }
  else
    job.refused = sentence
  end
end

--- Bring jobs home in one undo step: their results are read over several ticks, and placed in one of its own.
-- Gives true when that is done.
function M.bring(jobs, again)
  if not read(jobs) then
    return false
  end
  local list, going = {}, {}
  local now = reaper.time_precise()
  for _, job in ipairs(jobs) do
    local result = job.read
    job.wish, job.read = nil, nil
    if result then
      going[#going + 1] = job
      list[#list + 1] = { folder = job.folder, options = { proj = job.proj, again = again, result = result } }
    else
      note(job, nil, job.unread, "refused", now)
    end
  end
  for index, outcome in ipairs(place.import_together(list)) do
    note(going[index], outcome[1], outcome[2], outcome[3], now)
  end
  return true
end

return M
