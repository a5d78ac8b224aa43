-- Planned regions become jobs: one after the other, each in slices of a defer tick. A heard region is
-- rendered, a take is read, a compressed file is checked; then the order is written and the core started.

local accessor_mode = require("accessor_mode")
local check_mode = require("check_mode")
local core = require("core")
local files = require("files")
local heard_mode = require("heard_mode")
local order = require("order")
local projects = require("projects")

local M = {}

local Sending = {}
Sending.__index = Sending

-- The folder in the project's media folder that the core writes the stems into.
local function deliver_to(proj, name, id)
  local media = reaper.GetProjectPathEx(proj)
  if not files.is_absolute(media) then
    return nil
  end
  return files.join(media, "Stems", files.safe_name(name, 60) .. "_" .. id)
end

local function still_open(proj)
  for _, one in ipairs(projects.all()) do
    if one.proj == proj then
      return true
    end
  end
  return false
end

local function still_there(proj, plan)
  if not still_open(proj) then
    return false
  end
  for _, entry in ipairs(plan.entries or {}) do
    for _, subject in ipairs(entry.subjects) do
      if not reaper.ValidatePtr2(proj, subject.item, "MediaItem*") then
        return false
      end
    end
  end
  return true
end

local function drop_reader(sending)
  if sending.reader then
    sending.reader:drop()
    sending.reader = nil
  end
end

local function finish(sending, sentence)
  sending.over = true
  drop_reader(sending)
  if sentence and sending.folder then
    core.forget(sending.folder)
  end
  if sentence and #sending.folders == 0 then
    sending.done(nil, sentence)
  else
    sending.done(sending.folders, sentence)
  end
end

-- The sound of the current plan goes into its folder. Gives true when it is there, false when there is more
-- to do, nil and a sentence when it can't be.
local function bring(sending, plan)
  if plan.mode == "heard" then
    return heard_mode.render(sending.proj, plan, sending.folder, sending.choices.before_effects == true)
  elseif plan.mode == "nothing" or plan.mode == "source" and not plan.check then
    return true
  end
  if not sending.reader then
    local sentence
    if plan.mode == "accessor" then
      sending.reader, sentence = accessor_mode.begin(plan, sending.folder)
    else
      sending.reader = check_mode.begin(plan, sending.folder)
    end
    if not sending.reader then
      return nil, sentence
    end
  end
  local done, sentence = sending.reader:step()
  if done then
    plan.check_frame = sending.reader.first_frame
    sending.reader = nil
  end
  return done, sentence
end

local function send(sending, plan)
  local request, sentence = order.request(sending.choices, {
    name = plan.name,
    source = plan.source,
    rendered = plan.mode == "heard" or plan.mode == "accessor",
    check_frame = plan.check_frame,
    deliver_to = deliver_to(sending.proj, plan.name, sending.id),
    context = plan.context,
  })
  local fine = request
  if request then
    fine, sentence = core.submit(sending.folder, request)
  end
  if fine then
    fine, sentence = core.launch(sending.folder)
  end
  if not fine then
    return nil, sentence
  end
  sending.folders[#sending.folders + 1] = sending.folder
  sending.folder, sending.id = nil, nil
  return true
end

-- One tick's work. Gives true when all is done, false when there is more, nil and a sentence on a refusal.
local function step(sending)
  local plan = sending.plans[sending.index]
  if not still_there(sending.proj, plan) then
    return nil, "The selected items were removed before they could be sent: nothing was separated."
  end
  if not sending.folder then
    sending.folder, sending.id = core.make_folder(sending.core)
    if not sending.folder then
      return nil, sending.id
    end
  end
  local done, sentence = bring(sending, plan)
  if not done then
    return done, sentence
  end
  local sent
  sent, sentence = send(sending, plan)
  if not sent then
    return nil, sentence
  end
  sending.index = sending.index + 1
  return sending.index > #sending.plans
end

local function tick(sending)
  if sending.over then
    return
  end
  local fine, done, sentence = pcall(step, sending)
  if not fine then
    finish(sending, "Something went wrong in the scripts: " .. tostring(done))
  elseif done == nil then
    finish(sending, sentence)
  elseif done then
    finish(sending)
  else
    reaper.defer(function()
      tick(sending)
    end)
  end
end

--- Stop preparing: what was started already goes on, what wasn't leaves nothing behind.
function Sending:cancel()
  if not self.over then
    finish(self, "Cancelled.")
  end
end

--- Give how many jobs are on their way, and of how many.
function Sending:progress()
  return #self.folders, #self.plans
end

--- Begin to send `plans` of a project. `done(folders, sentence)` is called once, in a later tick.
function M.begin(proj, choices, installed, plans, done)
  local sending = setmetatable({
    proj = proj,
    choices = choices,
    core = installed,
    plans = plans,
    done = done,
    folders = {},
    index = 1,
  }, Sending)
  reaper.defer(function()
    tick(sending)
  end)
  return sending
end

return M
