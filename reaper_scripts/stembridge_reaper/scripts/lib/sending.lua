-- The selection becomes jobs: it is planned, then one region after the other is sent, all in slices of a
-- defer tick. A heard region is rendered, a take is read, a compressed file is checked; then the order is
-- written and the core started. Where several models get one region, its sound is brought once and copied.

local accessor_mode = require("accessor_mode")
local check_mode = require("check_mode")
local copying = require("copying")
local core = require("core")
local files = require("files")
local heard_mode = require("heard_mode")
local ids = require("ids")
local order = require("order")
local projects = require("projects")
local quote = require("quote")
local sent = require("sent")
local survey = require("survey")

local M = {}

local Sending = {}
Sending.__index = Sending

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

-- What is ordered of a plan: one order, or one for each model that is compared.
local function orders_of(sending, plan)
  local choices = sending.choices
  local own = choices.each and plan.entries and choices.each[sent.key(sending.proj, plan)]
  return choices.orders or { own or choices }
end

-- What the host put into a folder for the core.
local function file_of(plan)
  if plan.mode == "heard" or plan.mode == "accessor" then
    return "input.wav"
  end
  return plan.mode == "source" and plan.check and "check.wav" or nil
end

local function reader_for(sending, plan)
  local file = file_of(plan)
  if sending.turn > 1 then
    return copying.begin(files.join(sending.brought, file), files.join(sending.folder, file))
  elseif plan.mode == "accessor" then
    return accessor_mode.begin(plan, sending.folder)
  end
  return check_mode.begin(plan, sending.folder)
end

-- The sound of the current plan goes into its folder. Gives true when it is there, false when there is more
-- to do, nil and a sentence when it can't be.
local function bring(sending, plan)
  if not file_of(plan) then
    return true
  elseif plan.mode == "heard" and sending.turn == 1 then
    return heard_mode.render(sending.proj, plan, sending.folder, sending.choices.before_effects == true)
  end
  if not sending.reader then
    local sentence
    sending.reader, sentence = reader_for(sending, plan)
    if not sending.reader then
      return nil, sentence
    end
  end
  local done, sentence = sending.reader:step()
  if done then
    plan.check_frame = sending.reader.first_frame or plan.check_frame
    sending.reader = nil
  end
  return done, sentence
end

-- What was agreed to for this order of this region; nil: it asks.
local function allowance(choices, plan)
  local key = plan.frames and quote.span_key(plan.frames, plan.rate, plan.channels) or ""
  local price = choices.prices and choices.prices[key]
  return price or choices.max_credits
end

-- The facts for the way back: the same for all models that get a region.
local function context_of(sending, plan, choices)
  if sending.turn == 1 then
    sending.first_context = sending.context or sent.context(sending.proj, choices, sending.at, plan)
    sending.comparison = "c" .. ids.new()
  end
  if not choices.title then
    return sending.first_context
  end
  local context = {}
  for name, value in pairs(sending.first_context) do
    context[name] = value
  end
  context.compare = { id = sending.comparison, title = choices.title, number = sending.turn }
  return context
end

local function send(sending, plan)
  local name = sent.name(plan)
  local orders = orders_of(sending, plan)
  local choices = orders[sending.turn]
  local request, sentence = order.request(choices, {
    name = name,
    source = sent.source(plan),
    rendered = plan.mode == "heard" or plan.mode == "accessor",
    check_frame = plan.check_frame,
    deliver_to = sent.deliver_to(sending.proj, name, sending.id),
    context = context_of(sending, plan, choices),
    max_credits = allowance(choices, plan),
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
  sending.brought = sending.turn == 1 and sending.folder or sending.brought
  sending.folder, sending.id, sending.context = nil, nil, nil
  sending.turn = sending.turn + 1
  if sending.turn > #orders then
    sending.index, sending.turn = sending.index + 1, 1
  end
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
  if plan.mode ~= "heard" and sending.turn == 1 then
    sending.context = sent.context(sending.proj, orders_of(sending, plan)[1], sending.at, plan)
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
  return #self.folders, self.plans and #self.plans * #(self.choices.orders or { 1 })
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
    turn = 1,
  }, Sending)
  reaper.defer(function()
    tick(sending)
  end)
  return sending
end

return M
