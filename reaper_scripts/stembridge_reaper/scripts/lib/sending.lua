-- The selection becomes jobs: it is planned, then one region after the other is sent, all in slices of a
-- defer tick. A heard region is rendered, a take is read, a compressed file is checked; then the order is
-- written and the core started.

local accessor_mode = require("accessor_mode")
local check_mode = require("check_mode")
local core = require("core")
local files = require("files")
local heard_mode = require("heard_mode")
local ids = require("ids")
local order = require("order")
local projects = require("projects")
local sent = require("sent")
local survey = require("survey")

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
  local name = sent.name(plan)
  local request, sentence = order.request(sending.choices, {
    name = name,
    source = sent.source(plan),
    rendered = plan.mode == "heard" or plan.mode == "accessor",
    check_frame = plan.check_frame,
    deliver_to = deliver_to(sending.proj, name, sending.id),
    context = sending.context or sent.context(sending.proj, sending.choices, sending.at, plan),
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
  sending.folder, sending.id, sending.context = nil, nil, nil
  return true
end

-- Plan the selection, in slices. Gives false when that is under way or done, nil and a sentence on a refusal.
local function plan_all(sending)
  local closed = sent.gone(sending.proj)
  if closed then
    return nil, closed
  end
  local fine, plans = true, { { mode = "nothing" } }
  if not sending.choices.nothing_to_send then
    fine, plans = sending.survey:step()
  end
  if fine == false then
    return nil, plans
  elseif fine then
    sending.plans = plans
    sending.at = {
      project = projects.facts(sending.proj),
      set = "s" .. ids.new(),
      cursor = reaper.GetCursorPositionEx(sending.proj),
    }
  end
  return false
end

-- A job begins: its folder, and what its items are now. A render takes that down itself, in its own tick.
local function begin_job(sending, plan)
  local sentence = sent.gone(sending.proj, plan)
  if sentence then
    return nil, sentence
  end
  sending.folder, sending.id = core.make_folder(sending.core)
  if not sending.folder then
    return nil, sending.id
  end
  if plan.mode ~= "heard" then
    sending.context = sent.context(sending.proj, sending.choices, sending.at, plan)
  end
  return true
end

-- One tick's work. Gives true when all is done, false when there is more, nil and a sentence on a refusal.
local function step(sending)
  if not sending.plans then
    return plan_all(sending)
  end
  local plan = sending.plans[sending.index]
  local done, sentence
  if not sending.folder then
    done, sentence = begin_job(sending, plan)
  else
    sentence = sent.gone(sending.proj, plan)
    done = not sentence or nil
  end
  if done then
    done, sentence = bring(sending, plan)
  end
  if done then
    done, sentence = send(sending, plan)
  end
  if not done then
    return done, sentence
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

--- Give how many jobs are on their way, and of how many (nil as long as that isn't known).
function Sending:progress()
  return #self.folders, self.plans and #self.plans
end

--- Begin to send a project's selection. `done(folders, sentence)` is called once, in a later tick.
function M.begin(proj, choices, installed, done)
  local sending = setmetatable({
    proj = proj,
    choices = choices,
    core = installed,
    survey = survey.begin(proj, choices),
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
