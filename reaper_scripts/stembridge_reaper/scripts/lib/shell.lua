-- The life of a script with a window: one loop that draws, follows the jobs, and ends when neither is needed.
local blend_window = require("blend_window")
local compare_window = require("compare_window")
local follow = require("follow")
local jobs_window = require("jobs_window")
local progress = require("progress")
local settings = require("settings")
local tables = require("tables")
local window = require("ui.window")

local M = {}

local self = { window = nil, view = nil, kind = nil, all = nil, following = false, work = {}, watches = {} }

-- The loop sleeps when there is neither a window nor work; what comes later (a job that took many ticks to
-- send) wakes it.
local loop

local function wake()
  if not self.awake then
    self.awake = true
    reaper.defer(loop)
  end
end

local function close_window()
  if self.window then
    self.window:close()
    settings.keep_place(self.kind, self.window.last_place)
    if self.view.closed then
      self.view:closed()
    end
    self.window, self.view, self.kind = nil, nil, nil
  end
end

-- A window that is being drawn must not vanish under the pen: what closes or exchanges it waits.
local function after_drawing(act)
  if self.drawing then
    self.after = act
  else
    act()
  end
end

--- Show a view in this script's window; what it showed before is closed.
-- @param kind what its place is remembered by
-- @param view {draw=function(self, ui, area), tick=function(self, now) -> drawn, closed=function(self)}
function M.show(kind, title, width, height, view)
  after_drawing(function()
    close_window()
    self.kind, self.view = kind, view
    self.window = window.open({
      title = title,
      width = width,
      height = height,
      place = settings.place(kind),
      zoom = self.all.zoom,
      colours = self.all.colours,
      view = function(ui, area)
        view:draw(ui, area)
      end,
    })
    wake()
  end)
end

--- Close this script's window; jobs under way are still followed.
function M.close()
  after_drawing(close_window)
end

--- Take over settings that were changed.
function M.apply(all)
  self.all = all
  if self.window then
    self.window.zoom, self.window.colours, self.window.coloured = all.zoom, all.colours, nil
    self.window:touch()
  end
end

--- Do a piece of work every tick until it gives true.
function M.every_tick(work)
  self.work[#self.work + 1] = work
  wake()
end

--- Call `watch` whenever something of the jobs changed, until it gives true. It doesn't keep the script
-- alive.
function M.on_change(watch)
  self.watches[#self.watches + 1] = watch
end

--- Say something in a box of REAPER's.
function M.say(text, title)
  reaper.MB(text, title or "Stembridge", 0)
end

-- Jobs -----------------------------------------------------------------------------------------------

local ACTS = {
  cancel = function(job)
    return follow.cancel(job.id)
  end,
  resume = function(job)
    return follow.resume(job.id)
  end,
  retry = function(job)
    return follow.retry(job.id)
  end,
  import = function(job)
    return follow.import(job.id, job.placed == true)
  end,
  answer = function(job, choice)
    return follow.answer(job.id, choice)
  end,
}

--- Do what a button of a job says; a refusal is said in a box.
function M.act(action, job, choice)
  local fine, sentence = ACTS[action](job, choice)
  if not fine and sentence then
    M.say(sentence)
  end
  if self.window then
    self.window:touch()
  end
end

local function titles()
  local names = {}
  for _, preset in ipairs(tables.PRESETS) do
    names["mvsep:" .. preset.mvsep.model] = preset.title
  end
  return names
end

--- Show all jobs.
function M.show_jobs()
  local view = jobs_window.new(follow, {
    act = M.act,
    import_all = follow.import_finished,
    compare = function(jobs)
      M.show_compare(jobs, M.show_jobs)
    end,
    blend = M.show_blend,
    closed = M.close,
  }, titles())
  M.show("jobs", "Stembridge: jobs", jobs_window.WIDTH, jobs_window.HEIGHT, view)
end

--- Have finished jobs of one region compared, and show it.
-- @param afterwards what is shown when that window is closed; nil: nothing
function M.show_compare(jobs, afterwards)
  local view = compare_window.new(jobs, titles(), { closed = afterwards or M.close })
  local width, height = compare_window.WIDTH, compare_window.HEIGHT
  M.show("compare", "Stembridge: comparison", width, height, view)
end

--- Ask how finished jobs of one region are to be blended.
function M.show_blend(jobs)
  local names, known = {}, titles()
  for index, job in ipairs(jobs) do
    names[index] = compare_window.title(job, known)
  end
  local view = blend_window.new(jobs, names, {
    started = function(folder, proj)
      follow.add(folder, proj)
      M.show_progress()
    end,
    closed = M.show_jobs,
  })
  M.show("blend", "Stembridge: blend", blend_window.WIDTH, blend_window.HEIGHT, view)
end

--- Show what is under way.
function M.show_progress()
  self.progress = self.progress
    or progress.new(follow, { act = M.act, jobs = M.show_jobs, closed = M.close }, self.all.close_when_done)
  self.progress.done_at = nil
  M.show("progress", "Stembridge", progress.WIDTH, progress.HEIGHT, self.progress)
end

--- Begin to follow the jobs. Gives true, or nil and a sentence.
function M.follow()
  if self.following then
    return true
  end
  local fine, sentence = follow.open()
  self.following = fine == true
  return fine, sentence
end

-- The loop -------------------------------------------------------------------------------------------

local function do_work()
  local left = {}
  local doing = self.work
  self.work = left
  for _, work in ipairs(doing) do
    if not work() then
      left[#left + 1] = work
    end
  end
end

local function call_watches()
  local left = {}
  local calling = self.watches
  self.watches = left
  for _, watch in ipairs(calling) do
    if not watch() then
      left[#left + 1] = watch
    end
  end
end

local function follow_jobs()
  local changed = follow.tick()
  if changed then
    call_watches()
  end
  if changed and self.window then
    self.window:touch()
  end
  -- A closed progress window comes back when a job needs its user.
  if changed and self.progress and not self.window and self.progress:needs_user() then
    M.show_progress()
  end
end

local function draw()
  if not self.window then
    return
  end
  self.drawing = true
  local open = self.window:step()
  self.drawing = false
  local after = self.after
  self.after = nil
  if not open then
    close_window()
  end
  if after then
    after()
  end
end

local function alive()
  return self.window ~= nil or #self.work > 0 or (self.following and self.keeps and follow.busy())
end

loop = function()
  local now = reaper.time_precise()
  do_work()
  -- An import may take a whole tick: nothing is drawn in it.
  if self.following then
    follow_jobs()
  end
  local view = self.view
  if view and view:tick(now) and self.window then
    self.window:touch()
  end
  draw()
  self.awake = false
  if alive() then
    wake()
  end
end

--- Say whether this instance may be ended and begun anew when its action is started once more: it may,
-- since all that matters is in files, but for the while in which audio is taken out of the project.
function M.replaceable(may)
  if reaper.APIExists("set_action_options") then
    reaper.set_action_options(may and (1 | 2) or 0)
  end
end

--- Run: call `first`, then loop as long as there is a window or work.
-- @param keeps true: jobs under way are followed to their end, window or not
function M.run(first, keeps)
  self.all = settings.load()
  self.keeps = keeps
  M.replaceable(true)
  reaper.atexit(function()
    close_window()
    follow.release()
  end)
  first()
  if alive() then
    wake()
  end
end

return M
