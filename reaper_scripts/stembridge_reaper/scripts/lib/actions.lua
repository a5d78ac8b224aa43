-- What each action does. An action file loads this and calls one function.
local choice = require("choice")
local core = require("core")
local entries = require("entries")
local follow = require("follow")
local homecoming = require("homecoming")
local out = require("out")
local projects = require("projects")
local quote = require("quote")
local settings = require("settings")
local shell = require("shell")
local words = require("words")

local M = {}

local YES_NO, YES = 4, 6

-- A comparison whose jobs have all come home, or never will: those that did are measured against each other.
-- Gives the jobs, or nil as long as there is more to come.
local function settled(id)
  local group = homecoming.group(follow.list(), id)
  if not homecoming.complete(group) then
    return nil
  end
  local home = {}
  for _, job in ipairs(group) do
    if job.state == "ready" and not (job.placed or job.refused) then
      return nil
    elseif job.state == "ready" then
      home[#home + 1] = job
    end
  end
  return home
end

-- Show the comparisons one after the other.
local function show_compared(list)
  local jobs = table.remove(list, 1)
  if jobs then
    shell.show_compare(jobs, #list > 0 and function()
      show_compared(list)
    end or nil)
  end
end

local function compare_when_home(ids)
  shell.on_change(function()
    local list = {}
    for _, id in ipairs(ids) do
      local home = settled(id)
      if not home then
        return false
      elseif #home > 1 then
        list[#list + 1] = home
      end
    end
    show_compared(list)
    return true
  end)
end

local function started(folders, sentence, proj)
  local jobs = {}
  for index, folder in ipairs(folders) do
    jobs[index] = follow.add(folder, proj)
  end
  shell.show_progress()
  if sentence then
    shell.say(sentence)
  end
  return jobs
end

-- Their requests are read over the next ticks: then it is known what is compared with what.
local function started_to_compare(folders, sentence, proj)
  local jobs = started(folders, sentence, proj)
  shell.every_tick(function()
    local ids, seen = {}, {}
    for _, job in ipairs(jobs) do
      if not job.known then
        return false
      end
      local id = homecoming.comparison(job)
      if id and not seen[id] then
        seen[id], ids[#ids + 1] = true, id
      end
    end
    compare_when_home(ids)
    return true
  end)
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

local function show_dialog(compares)
  local dialog = require("dialog")
  local view = dialog.new(projects.current(), {
    sending = sending,
    started = compares and started_to_compare or started,
    closed = shell.close,
  }, compares)
  local title = compares and "compare models on selection" or "separate selection"
  shell.show("dialog", "Stembridge: " .. title, dialog.WIDTH, dialog.HEIGHT, view)
end

--- Separate the selection: the dialog.
function M.separate()
  shell.run(function()
    if ready() then
      show_dialog()
    end
  end, true)
end

--- Separate the selection with several models, to be compared: the dialog.
function M.compare()
  shell.run(function()
    if ready() then
      show_dialog(true)
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

-- Several jobs that would each ask for their price: their sum is agreed to once. Gives whether to start.
local function agree(order, sum, limit)
  local dear = false
  for _, price in pairs(sum.prices[1]) do
    dear = dear or (price and price > limit)
  end
  if not dear or sum.unit ~= "credits" or not sum.amount then
    return true -- within what the settings allow, free, or not known: then each asks for itself
  end
  local left = sum.left and (" You have %d."):format(math.floor(sum.left)) or ""
  local text = ("%s cost %s in all.%s %s"):format(
    words.count(sum.count, "separation"),
    words.count(math.floor(sum.amount), "credit"),
    left,
    table.concat(sum.limits, " ")
  )
  if reaper.MB(text .. "\n\nSeparate them?", "Stembridge", YES_NO) ~= YES then
    return false
  end
  order.prices = sum.prices[1]
  return true
end

-- Start without the dialog; `jobs` as `out.describe` gives them.
local function start_agreed(order, jobs)
  if #jobs < 2 or order.engine == "offline" then
    start_now(order)
    return
  end
  local price = quote.new()
  price:want(quote.plan({ order }, jobs), reaper.time_precise() - quote.PATIENCE)
  shell.every_tick(function()
    price:tick(reaper.time_precise())
    if price.state == "waiting" or price.state == "asking" then
      return false
    end
    if price.state ~= "ready" or agree(order, price.sum, settings.load().limit) then
      start_now(order)
    end
    return true
  end)
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
      act(found.jobs)
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
    when_selected(chosen.mode, function(jobs)
      with_engines(chosen, function()
        local refusal = chosen:refusal(list)
        if refusal then
          shell.say(refusal)
        else
          start_agreed(chosen:order(list), jobs)
        end
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
    elseif order.nothing_to_send then
      start_now(order)
    else
      when_selected(order.mode, function(jobs)
        start_agreed(order, jobs)
      end)
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
