-- What is under way, and what was placed already.
--
-- Ids of open jobs stand in the project's ext state (which is on disk once the project was saved) and in
-- REAPER's own (for projects that never are). What was placed stands in the job's folder, which
-- outlives an undo, and on the items and tracks themselves, which outlive a lost folder.

local files = require("files")
local ids = require("ids")
local json = require("json")
local projects = require("projects")

local M = { JOB = "P_EXT:stembridge_job" }

local KEY = "jobs"

local function split(text)
  local found = {}
  for id in text:gmatch("%S+") do
    if ids.is_id(id) then
      found[#found + 1] = id
    end
  end
  return found
end

local function with(list, id)
  for _, known in ipairs(list) do
    if known == id then
      return nil
    end
  end
  list[#list + 1] = id
  return list
end

local function without(list, id)
  local kept = {}
  for _, known in ipairs(list) do
    if known ~= id then
      kept[#kept + 1] = known
    end
  end
  return #kept < #list and kept or nil
end

--- Give the ids of the open jobs that a project knows.
function M.of(proj)
  local _, text = reaper.GetProjExtState(proj, projects.SECTION, KEY)
  return split(text)
end

--- Give the ids of all open jobs that this REAPER knows.
function M.everywhere()
  return split(reaper.GetExtState(projects.SECTION, KEY))
end

local function store(proj, of_project, everywhere)
  if proj and of_project then
    reaper.SetProjExtState(proj, projects.SECTION, KEY, table.concat(of_project, " "))
  end
  if everywhere then
    reaper.SetExtState(projects.SECTION, KEY, table.concat(everywhere, " "), true)
  end
end

--- Note that a job is under way; `proj` may be nil where its project isn't open.
function M.add(proj, id)
  store(proj, proj and with(M.of(proj), id), with(M.everywhere(), id))
end

--- Note that nothing is to be done about a job any more; `proj` may be nil.
function M.remove(proj, id)
  store(proj, proj and without(M.of(proj), id), without(M.everywhere(), id))
end

local function note_path(folder, number)
  return files.join(folder, ("host-reaper-%d.json"):format(number))
end

--- Give the notes of what was placed from a job's folder, oldest first. A note that can't be read still
-- says that something was placed.
function M.placed(folder)
  local notes = {}
  while true do
    local text = files.read(note_path(folder, #notes + 1))
    if not text then
      return notes
    end
    local note = json.decode(text)
    notes[#notes + 1] = type(note) == "table" and note or {}
  end
end

--- Write down what was placed. Gives true, or nil and a sentence.
function M.note(folder, note)
  return files.write(note_path(folder, #M.placed(folder) + 1), json.encode(note))
end

--- Say whether an item or a track of the current tab carries a job's mark.
function M.holds(proj, id)
  for index = 0, reaper.CountMediaItems(proj) - 1 do
    local item = reaper.GetMediaItem(proj, index)
    local _, mark = reaper.GetSetMediaItemInfo_String(item, M.JOB, "", false)
    if mark == id then
      return true
    end
    for number = 0, reaper.CountTakes(item) - 1 do
      local take = reaper.GetMediaItemTake(item, number)
      if take then -- an empty take of an item has no pointer
        _, mark = reaper.GetSetMediaItemTakeInfo_String(take, M.JOB, "", false)
        if mark == id then
          return true
        end
      end
    end
  end
  return false
end

return M
