-- What a job says about the region that is sent: its name, its place in the file, and the facts that
-- importing needs (host_context).

local files = require("files")
local items = require("items")
local media = require("media")
local order = require("order")
local projects = require("projects")
local source_mode = require("source_mode")

local M = {}

--- Give a plan's name: the item's, without its file's extension.
function M.name(plan)
  if not plan.entries then
    return "stems"
  end
  local name = media.without_extension(plan.entries[1].name)
  if #plan.entries > 1 then
    name = ("%s and %d more"):format(name, #plan.entries - 1)
  end
  return name
end

--- Give the folder in the project's media folder that the core writes a job's stems into; nil where the
-- project has none.
function M.deliver_to(proj, name, id)
  local media_folder = reaper.GetProjectPathEx(proj)
  if not files.is_absolute(media_folder) then
    return nil
  end
  return files.join(media_folder, "Stems", files.safe_name(name, 60) .. "_" .. id)
end

--- Give what a plan is known by as long as the project is open: its items' or its tracks' GUIDs.
function M.key(proj, plan)
  return projects.within(proj, function()
    local words = {}
    for _, entry in ipairs(plan.entries) do
      local subject = entry.whole and entry.subjects[1]
      words[#words + 1] = subject and items.item_guid(subject.item) or reaper.GetTrackGUID(entry.track)
    end
    return table.concat(words, " ")
  end)
end

--- Give the source of a plan as a request has it, or nil where the host renders.
function M.source(plan)
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

--- Give a plan's host_context. `at` is {project, set, cursor}, the same for all jobs of one start.
function M.context(proj, choices, at, plan)
  if plan.mode == "nothing" then
    return order.context(choices, at, nil)
  end
  return projects.within(proj, function()
    return order.context(choices, at, {
      mode = plan.mode,
      first = plan.first,
      frames = plan.frames,
      rate = plan.rate,
      channels = plan.channels,
      stem = plan.stem,
      parts = parts(plan),
    })
  end)
end

-- Whether an item is still what it was when it was planned.
local function unchanged(subject)
  return reaper.GetMediaItemInfo_Value(subject.item, "D_POSITION") == subject.position
    and reaper.GetMediaItemInfo_Value(subject.item, "D_LENGTH") == subject.length
    and reaper.GetActiveTake(subject.item) == subject.take
end

--- Say in a sentence why a plan can't be sent any more, or nil. Without a plan: whether the project is open.
function M.gone(proj, plan)
  local open = false
  for _, one in ipairs(projects.all()) do
    open = open or one.proj == proj
  end
  if not open then
    return "The project was closed before its items could be sent."
  elseif not plan then
    return nil
  end
  for _, entry in ipairs(plan.entries or {}) do
    for _, subject in ipairs(entry.subjects) do
      open = open and reaper.ValidatePtr2(proj, subject.item, "MediaItem*")
    end
  end
  if not open then
    return "The selected items were removed before they could be sent."
  end
  local same = not plan.subject or projects.within(proj, function()
    return unchanged(plan.subject)
  end)
  return not same and ("The item '%s' was changed before it could be sent."):format(plan.subject.name) or nil
end

return M
