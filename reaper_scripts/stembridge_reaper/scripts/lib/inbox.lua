-- Finished jobs of REAPER's that were never placed: found in the data folder itself, whatever was lost.

local files = require("files")
local json = require("json")
local ledger = require("ledger")
local projects = require("projects")

local M = {}

-- JSON tokens a tick may parse, and folders it may look into.
local TOKENS, FOLDERS = 1000, 5

local Scan = {}
Scan.__index = Scan

--- Begin to look through a folder of jobs.
function M.scan(jobs_folder)
  reaper.EnumerateSubdirectories(jobs_folder, -1) -- forget what was read before
  return setmetatable({ folder = jobs_folder, index = 0, found = {} }, Scan)
end

-- Take a job in hand when it is a separation or a blend of ours. What it says is parsed in slices.
local function begin(scan, id)
  local folder = files.join(scan.folder, id)
  local text = files.read(files.join(folder, "request.json"), 8 * 1024 * 1024)
  local ours = text
    and text:find('"host"%s*:%s*"reaper"')
    and (text:find('"kind"%s*:%s*"separate"') or text:find('"kind"%s*:%s*"blend"'))
    and text:find('"host_context"%s*:%s*{')
  if ours then
    scan.reading = { id = id, folder = folder, reader = json.reader(text) }
  end
end

local function finish(scan, request)
  local one = scan.reading
  scan.reading = nil
  local context = type(request) == "table" and request.host_context
  if type(context) ~= "table" or type(context.project) ~= "table" or type(context.parts) ~= "table" then
    return
  elseif type(request.parent) == "string" then
    return -- a step of another job, which brings its results home
  end
  local placed = #ledger.placed(one.folder)
  local found = {
    id = one.id,
    folder = one.folder,
    name = request.name or "",
    engine = request.engine,
    model = request.model,
    chain = request.chain,
    method = request.method,
    stem = request.stem,
    max_credits = request.max_credits,
    context = context,
    input = request.input == true,
    placed = placed,
    finished = files.exists(files.join(one.folder, "result.json")),
  }
  found.proj = projects.find(context)
  scan.found[#scan.found + 1] = found
end

--- Carry the search on by one tick's work. Gives nil as long as it goes on, then a list, oldest first, of
-- {id, folder, name, engine, model, max_credits, context, input, placed (how often), finished (it
-- has a result), proj (its project, where that is open)}.
function Scan:step()
  for _ = 1, FOLDERS do
    if self.reading then
      local done, request = self.reading.reader:step(TOKENS)
      if done == false then
        return nil
      end
      finish(self, done and request)
      return nil
    end
    local id = reaper.EnumerateSubdirectories(self.folder, self.index)
    if not id then
      table.sort(self.found, function(one, other)
        return one.id < other.id
      end)
      return self.found
    end
    self.index = self.index + 1
    begin(self, id)
  end
  return nil
end

--- Give those of a list that are finished and were never placed.
function M.waiting(found)
  local list = {}
  for _, one in ipairs(found) do
    if one.finished and one.placed == 0 then
      list[#list + 1] = one
    end
  end
  return list
end

return M
