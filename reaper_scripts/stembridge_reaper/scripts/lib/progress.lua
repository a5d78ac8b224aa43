-- The small window of what is under way: a card per job, the questions with their answers, cancel.
local box = require("ui.box")
local form = require("ui.form")
local job_words = require("job_words")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 480, 300
-- Seconds that the window stays when all went well.
local STAY = 4

--- Make the window's content.
-- @param follow see follow.lua
-- @param events {closed=function(), jobs=function(): the user wants the list of all jobs,
--   act=function(action, job, choice)}
-- @param close_when_done true: it closes itself when every job of it is in its project
function M.new(follow, events, close_when_done)
  return setmetatable({ follow = follow, events = events, close_when_done = close_when_done, shown = {} }, M)
end

--- Give the jobs that the window shows: what was under way at any time since it was opened. Those that ask
-- something come first.
function M:jobs()
  local jobs, asking = {}, 0
  for _, job in ipairs(self.follow.list()) do
    if job.bring and not job_words.ended(job) then
      self.shown[job.id] = true
    end
    if self.shown[job.id] and #job_words.choices(job) > 0 then
      asking = asking + 1
      table.insert(jobs, asking, job)
    elseif self.shown[job.id] then
      jobs[#jobs + 1] = job
    end
  end
  return jobs
end

local function draw_buttons(ui, area, job, list)
  local p = ui.paint
  local x = area.x + area.w
  local hit
  for index = #list, 1, -1 do
    local id, label = list[index][1], list[index][2]
    local width = math.min(widgets.button_width(ui, label), area.w)
    x = x - width
    local primary = list[index].primary
    if
      widgets.button(ui, job.id .. "/" .. id, box.new(x, area.y, width, area.h), label, { primary = primary })
    then
      hit = id
    end
    x = x - p:px(8)
  end
  return hit
end

-- The choices of a question, each as wide as it needs, in as many rows as that takes.
local function choice_rows(ui, choices, width)
  local widths = {}
  for index, choice in ipairs(choices) do
    widths[index] = math.min(width, widgets.button_width(ui, choice.words, index == 1))
  end
  local places, rows = box.flow(widths, width, ui.paint:px(8))
  return widths, places, rows
end

local function ids_of(job)
  local ids = {}
  for _, choice in ipairs(job_words.choices(job)) do
    ids[#ids + 1] = job.id .. "/answer:" .. choice.id
  end
  for _, action in ipairs(job_words.actions(job)) do
    ids[#ids + 1] = job.id .. "/" .. action[1]
  end
  return ids
end

local function draw_bar(ui, area, job, now)
  local colour = job.state == "ready" and "good" or "accent"
  widgets.progress(ui, area, job_words.share(job), now, colour)
end

local function card(ui, self, job, width)
  local p = ui.paint
  local line, button = p:px(20), p:px(26)
  local inner = width - p:px(24)
  local now = os.time()
  local said, colour = job_words.status(job, now)
  local lines = utext.wrap(said, inner, p:measure(p.BODY), 4)
  local hint = job_words.hint(job)
  for _, text in ipairs(hint ~= "" and utext.wrap(hint, inner, p:measure(p.BODY), 3) or {}) do
    lines[#lines + 1] = text
  end
  for _, warning in ipairs(job.warnings or {}) do
    for _, text in ipairs(utext.wrap(warning, inner, p:measure(p.BODY), 3)) do
      lines[#lines + 1] = text
    end
  end
  local bar = job_words.runs(job) and p:px(16) or 0
  local choices = job_words.choices(job)
  local widths, places, rows = choice_rows(ui, choices, inner)
  local body = #lines * p.heights[p.BODY]
  local height = p:px(10) + line + bar + p:px(4) + body + rows * (button + p:px(8)) + p:px(10)
  return {
    h = height + p:px(8),
    ids = ids_of(job),
    draw = function(_, area)
      local frame = box.new(area.x, area.y, area.w, height)
      p:panel(frame, "raised", "line")
      local at = box.inset(frame, p:px(12), p:px(10))
      local top = box.new(at.x, at.y, at.w, line)
      local actions = job_words.actions(job)
      local used = 0
      for _, action in ipairs(actions) do
        used = used + widgets.button_width(ui, action[2]) + p:px(8)
      end
      p:text(box.new(top.x, top.y, top.w - used, line), job.name, { font = p.BOLD })
      local hit = draw_buttons(ui, box.new(top.x, top.y - p:px(2), top.w, p:px(24)), job, actions)
      if hit then
        self.events.act(hit, job)
      end
      local y = at.y + line + p:px(4)
      if bar > 0 then
        draw_bar(ui, box.new(at.x, y + p:px(3), at.w, p:px(7)), job, reaper.time_precise())
        y = y + bar
      end
      for index, text in ipairs(lines) do
        p:lines(box.new(at.x, y, at.w, 0), { text }, { colour = index == 1 and colour or "dim" })
        y = y + p.heights[p.BODY]
      end
      y = y + p:px(8)
      for index, place in ipairs(places) do
        local choice = choices[index]
        local cell = box.new(at.x + place.x, y + place.row * (button + p:px(8)), widths[index], button)
        local id = job.id .. "/answer:" .. choice.id
        if widgets.button(ui, id, cell, choice.words, { primary = index == 1 }) then
          self.events.act("answer", job, choice.id)
        end
      end
    end,
  }
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  local jobs = self:jobs()
  local foot, body = box.cut(area, "bottom", p:px(46))
  local inner = box.inset(body, p:px(12), p:px(10))
  if #jobs == 0 then
    p:text(box.new(inner.x, inner.y, inner.w, p:px(24)), "No separation is under way.", { colour = "dim" })
  end
  local rows = {}
  for index, job in ipairs(jobs) do
    rows[index] = card(ui, self, job, inner.w - p:px(16))
  end
  form.show(ui, "cards", inner, rows)
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(12), p:px(9))
  local hide_width = widgets.button_width(ui, "Close")
  local all_width = widgets.button_width(ui, "All jobs")
  local hide, rest = box.cut(line, "right", hide_width, p:px(8))
  local all, note = box.cut(rest, "right", all_width, p:px(12))
  local said, high = M.note(jobs), p.heights[p.SMALL]
  local y = note.y + (note.h - #said * high) // 2
  for index, text in ipairs(said) do
    local cell = box.new(note.x, y + (index - 1) * high, note.w, high)
    p:text(cell, text, { colour = "dim", font = p.SMALL })
  end
  if widgets.button(ui, "all", all, "All jobs") then
    self.events.jobs()
  end
  if widgets.button(ui, "close", hide, "Close") or ui:take("escape", "enter") then
    self.events.closed()
  end
end

--- Tell whether a job of the window needs the user: an answer, or a word about what failed.
function M:needs_user()
  local told = self.told or {}
  self.told = told
  for _, job in ipairs(self:jobs()) do
    local state = (job.stalled and "stalled") or (job.refused and "refused") or job.state
    local calls = state == "needs_decision" or state == "failed" or state == "stalled" or state == "refused"
    local before = told[job.id]
    told[job.id] = calls and state or nil
    if calls and before ~= state then
      return true
    end
  end
  return false
end

-- How several jobs stand together: what is done, what failed, what waits for the user.
local function tally(jobs)
  local count = { well = 0, failed = 0, cancelled = 0, asks = 0, runs = 0 }
  for _, job in ipairs(jobs) do
    if job_words.well(job) then
      count.well = count.well + 1
    elseif job.state == "cancelled" then
      count.cancelled = count.cancelled + 1
    elseif job.stalled or job.refused or job.state == "failed" then
      count.failed = count.failed + 1
    elseif job.state == "needs_decision" then
      count.asks = count.asks + 1
    else
      count.runs = count.runs + 1
    end
  end
  return count
end

--- Say below how all jobs stand, and what closing means: a line each.
function M.note(jobs)
  local said = {}
  local count = tally(jobs)
  if #jobs > 1 then
    local done = count.runs + count.asks == 0 and "are in the project" or "done"
    said[1] = ("%d of %d %s"):format(count.well, #jobs, done)
    for _, row in ipairs({ { "failed", "failed" }, { "cancelled", "cancelled" }, { "asks", "to answer" } }) do
      if count[row[1]] > 0 then
        said[#said + 1] = ("%d %s"):format(count[row[1]], row[2])
      end
    end
    said = { table.concat(said, ", ") .. "." }
  end
  if count.runs > 0 then
    said[#said + 1] = "Closing this stops nothing."
  end
  return said
end

--- Do a tick; true when the window has to be drawn.
function M:tick(now)
  local jobs = self:jobs()
  local moving, well = false, #jobs > 0
  for _, job in ipairs(jobs) do
    moving = moving or job_words.runs(job)
    well = well and job_words.well(job)
  end
  if well and self.close_when_done then
    self.done_at = self.done_at or now
    if now - self.done_at > STAY then
      self.events.closed()
    end
  else
    self.done_at = nil
  end
  -- An unknown share moves; ten drawings a second are enough for that.
  if moving and now - (self.moved or 0) > 0.1 then
    self.moved = now
    return true
  end
  return false
end

return M
