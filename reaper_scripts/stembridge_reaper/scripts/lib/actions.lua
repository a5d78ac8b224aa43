-- What each action does. An action file loads this and calls one function.
local choice = require("choice")
local core = require("core")
local entries = require("entries")
local follow = require("follow")
local out = require("out")
local projects = require("projects")
local settings = require("settings")
local shell = require("shell")

local M = {}

local function started(folders, sentence, proj)
  for _, folder in ipairs(folders) do
    follow.add(folder, proj)
  end
  shell.show_progress()
  if sentence then
    shell.say(sentence)
  end
end

-- Audio is being taken out of the project, or that is over.
local function sending(on)
  shell.replaceable(not on)
end

-- Without the core nothing works: say so once, and end.
local function ready()
  local fine, sentence = shell.follow()
  if not fine then
    shell.say(sentence)
  end
  return fine
end

local function show_dialog()
  local dialog = require("dialog")
  local view = dialog.new(projects.current(), { sending = sending, started = started, closed = shell.close })
  shell.show("dialog", "Stembridge: separate selection", dialog.WIDTH, dialog.HEIGHT, view)
end

--- Separate the selection: the dialog.
function M.separate()
  shell.run(function()
    if ready() then
      show_dialog()
    end
  end, true)
end

local function start_now(order)
  local all = settings.load()
  order.max_credits = all.limit
  order.texts, order.again = all.texts, all.again
  local proj = projects.current()
  sending(true)
  out.start(proj, order, function(folders, sentence)
    sending(false)
    if folders then
      started(folders, sentence, proj)
    else
      shell.say(sentence)
    end
  end)
end

-- Start without the dialog: the engine's readiness and, for a model, its row are all that has to be asked.
local function start_choice(chosen, list)
  local refusal = chosen:refusal(list)
  if refusal then
    shell.say(refusal)
  else
    start_now(chosen:order(list))
  end
end

local function with_engines(chosen, act)
  local query = core.query("engines")
  shell.every_tick(function()
    local answer = query:poll()
    if not answer then
      return false
    end
    if answer.error then
      shell.say(answer.error.message)
    else
      chosen:set_ready(choice.readiness(answer.rows))
      act()
    end
    return true
  end)
end

-- Say what can't be done with the selection before the core is asked anything.
local function when_selected(mode, act)
  local step = out.describing(projects.current(), { mode = mode })
  shell.every_tick(function()
    local found = step()
    if not found then
      return false
    elseif found.refusal and #found.jobs == 0 then
      shell.say(found.refusal)
    else
      act()
    end
    return true
  end)
end

--- Separate the selection by a shipped preset; place, original and mode are those of the last time.
function M.separate_preset(id)
  shell.run(function()
    local proj = projects.current()
    local memory = settings.last(proj) or {}
    local list = entries.new()
    local chosen = choice.new({
      where = memory.where,
      original = memory.original,
      mode = memory.mode,
      engine = memory.engine,
    }, settings.load())
    if not ready() then
      return
    end
    chosen:choose(list.by_id["preset:" .. id])
    when_selected(chosen.mode, function()
      with_engines(chosen, function()
        start_choice(chosen, list)
      end)
    end)
  end, true)
end

--- Separate the selection once more as the last time, in this project or in any.
function M.separate_again()
  shell.run(function()
    if not ready() then
      return
    end
    local memory = settings.last(projects.current())
    local order = memory and memory.order
    if type(order) ~= "table" then
      show_dialog() -- nothing was separated yet
    else
      start_now(order)
    end
  end, true)
end

--- Show all jobs.
function M.show_jobs()
  shell.run(function()
    if ready() then
      shell.show_jobs()
    end
  end, true)
end

--- Bring in every finished job whose project is open.
function M.import_finished()
  shell.run(function()
    if not ready() then
      return
    end
    shell.every_tick(function()
      for _, job in ipairs(follow.list()) do
        if not job.known or job.fresh then
          return false
        end
      end
      if follow.searching() then
        return false
      end
      if follow.import_finished() == 0 then
        shell.say("There are no finished jobs that wait for their import.")
      else
        shell.show_jobs()
      end
      return true
    end)
  end, true)
end

--- The settings.
function M.settings()
  shell.run(function()
    local settings_window = require("settings_window")
    local view = settings_window.new({ closed = shell.close, changed = shell.apply })
    shell.show("settings", "Stembridge: settings", settings_window.WIDTH, settings_window.HEIGHT, view)
  end, false)
end

--- What is installed, and what the doctor says.
function M.about()
  shell.run(function()
    local about = require("about")
    shell.show("about", "About Stembridge", about.WIDTH, about.HEIGHT, about.new({ closed = shell.close }))
  end, false)
end

--- The self-test.
function M.selftest()
  shell.run(function()
    require("selftest").start(shell)
  end, false)
end

--- Put the other actions into REAPER's list.
function M.register()
  local _, path = reaper.get_action_context()
  local files = require("files")
  shell.say(require("register").run(files.parent(path)), "Stembridge: register actions")
end

return M
