-- Which project a job belongs to, and where that project is now.
--
-- A project pointer dies with its tab, so a job remembers an id that lies in the project's ext state
-- (on disk once the project was saved), and the project's path. A tab may be closed, opened again,
-- opened twice or saved under another name meanwhile.

local files = require("files")
local ids = require("ids")

local M = { SECTION = "Stembridge" }

local KEY = "project"

--- Give the project of the current tab.
function M.current()
  return (reaper.EnumProjects(-1))
end

--- Give all open projects as a list of {proj, path}; path is empty for one that was never saved.
function M.all()
  local found = {}
  while true do
    local proj, path = reaper.EnumProjects(#found)
    if not proj then
      return found
    end
    found[#found + 1] = { proj = proj, path = path or "" }
  end
end

--- Give a project's id, or nil when it has none yet.
function M.known_id(proj)
  local _, id = reaper.GetProjExtState(proj, M.SECTION, KEY)
  return id ~= "" and id or nil
end

--- Give a project's id; it gets one where it has none.
function M.id(proj)
  local id = M.known_id(proj)
  if not id then
    id = "p" .. ids.new()
    reaper.SetProjExtState(proj, M.SECTION, KEY, id)
  end
  return id
end

--- Give what a job remembers of its project: {id, path, name}.
function M.facts(proj)
  for _, one in ipairs(M.all()) do
    if one.proj == proj then
      return { id = M.id(proj), path = one.path, name = reaper.GetProjectName(proj) }
    end
  end
  error("the project isn't open", 2)
end

-- Whether one of the takes that were sent lies in a project: ids are unique, a copied project apart.
local function has_part(proj, parts)
  for _, part in ipairs(parts) do
    if part.take and reaper.GetMediaItemTakeByGUID(proj, part.take.guid) then
      return true
    end
  end
  return false
end

local function points(one, context, hint)
  local wanted = context.project
  local same_id = M.known_id(one.proj) == wanted.id
  local same_path = (wanted.path or "") ~= "" and files.same(one.path, wanted.path)
  -- A project that was closed without being saved has lost its id, not its path; one whose ext state was
  -- undone has lost it too.
  if not (same_id or same_path or has_part(one.proj, context.parts)) then
    return 0
  end
  return 1
    + (same_id and 16 or 0)
    + (one.proj == hint and 8 or 0)
    + (same_path and 4 or 0)
    + (one.proj == M.current() and 2 or 0)
end

-- The current project and its path.
local function in_front()
  for _, one in ipairs(M.all()) do
    if one.proj == M.current() then
      return one.proj, one.path
    end
  end
  return nil
end

--- Find an open project again by what a job remembers of it (its host_context); the current one for a job
-- that began elsewhere and belongs to none yet. Where two tabs hold the
-- same project, `hint` (the pointer it had, may be nil) decides, then the path, then the current tab.
-- Gives the project and its path, or nil.
function M.find(context, hint)
  if context.project.any == true then
    return in_front()
  end
  local best, most = nil, 0
  for _, one in ipairs(M.all()) do
    local got = points(one, context, hint)
    if got > most then
      best, most = one, got
    end
  end
  if best then
    return best.proj, best.path
  end
  return nil
end

--- Call `work` while `proj` is the current tab, and switch back on every path. Gives what `work` gives;
-- its error goes on to the caller.
function M.within(proj, work)
  local before = M.current()
  if before ~= proj then
    reaper.SelectProjectInstance(proj)
  end
  local got = table.pack(pcall(work))
  if before ~= proj then
    reaper.SelectProjectInstance(before)
  end
  if not got[1] then
    error(got[2], 0)
  end
  return table.unpack(got, 2, got.n)
end

return M
