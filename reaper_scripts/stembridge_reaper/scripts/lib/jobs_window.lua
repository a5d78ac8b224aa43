-- The list of all jobs: state, progress, cost; cancel, retry, import again, open the folder; several finished
-- jobs of one region are compared or blended.
local box = require("ui.box")
local job_words = require("job_words")
local list = require("ui.list")
local utext = require("ui.utext")
local widgets = require("ui.widgets")
local words = require("words")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 820, 460

--- Make the window's content.
-- @param follow see follow.lua
-- @param events {act=function(action, job, choice), import_all=function(), compare=function(jobs),
--   blend=function(jobs), closed=function()}
-- @param titles names of models by "engine:model"
function M.new(follow, events, titles)
  local window = { follow = follow, events = events, list = list.new(), titles = titles, marked = {} }
  return setmetatable(window, M)
end

-- A job that can be measured against others: it is finished, and says which region it is of.
local function can_mark(job)
  return job.state == "ready" and type(job.context) == "table" and type(job.context.span) == "table"
end

local function mark(self, job)
  if can_mark(job) then
    self.marked[job.id] = not self.marked[job.id] or nil
  end
end

--- Give the marked jobs, oldest first.
function M:chosen()
  local found = {}
  for _, job in ipairs(self.follow.list()) do
    if self.marked[job.id] and can_mark(job) then
      found[#found + 1] = job
    end
  end
  return found
end

-- Whether two jobs were sent the same region of the same project, as far as their requests tell.
local function same_region(one, other)
  local a, b = one.context, other.context
  for _, name in ipairs({ "frame0", "frames", "rate", "channels" }) do
    if a.span[name] ~= b.span[name] then
      return false
    end
  end
  if a.project.id ~= b.project.id or a.mode ~= b.mode or #a.parts ~= #b.parts then
    return false
  end
  for index, part in ipairs(a.parts) do
    local other_part = b.parts[index]
    local take, other_take = part.take or part.track, other_part.take or other_part.track
    if take.guid ~= other_take.guid then
      return false
    end
  end
  return true
end

--- Say why the marked jobs can't be compared or blended; nil when they can.
function M.refusal(jobs)
  if #jobs < 2 then
    return "Mark another one."
  end
  for index = 2, #jobs do
    if not same_region(jobs[1], jobs[index]) then
      return "These aren't of one region."
    end
  end
  return nil
end

local function refresh(self)
  local jobs = self.follow.list()
  local rows = {}
  -- Newest first: ids begin with their date.
  for index = #jobs, 1, -1 do
    rows[#rows + 1] = jobs[index]
  end
  self.list:set(rows)
  if self.list.at == 0 then
    self.list:select_first()
  end
end

-- The box by which a job is marked; what can't be marked has room for it.
local function draw_mark(ui, self, job, cell)
  local p = ui.paint
  local side, rest = box.cut(cell, "left", p:px(16), p:px(10))
  if not can_mark(job) then
    return rest
  end
  local area = box.new(side.x, side.y + (side.h - side.w) // 2, side.w, side.w)
  local marked = self.marked[job.id]
  p:panel(area, marked and "accent" or "field", marked and "accent" or "edge")
  if marked then
    p:tick(area, "on_accent")
  end
  if ui:clicked("mark:" .. job.id, area) then
    mark(self, job)
    ui:redraw()
  end
  return rest
end

local function draw_row(ui, self, job, cell, selected)
  local p = ui.paint
  local titles = self.titles
  cell = draw_mark(ui, self, job, cell)
  local main = selected and "on_select" or "text"
  local dim = selected and "dim_select" or "dim"
  local said, colour = job_words.status(job, os.time())
  local top = box.new(cell.x, cell.y + p:px(6), cell.w, p:px(20))
  local cost = job_words.cost(job)
  local right = table.concat({ job_words.maker(job, titles), cost }, " · ")
  local tag, rest = box.cut(top, "right", math.min(p:width(p.SMALL, right), cell.w // 2), p:px(12))
  p:text(rest, job.name, { font = p.BOLD, colour = main })
  p:text(tag, right, { font = p.SMALL, colour = dim, align = "right" })
  local below = box.new(cell.x, cell.y + p:px(26), cell.w, p:px(18))
  if job_words.runs(job) then
    local bar, text = box.cut(below, "left", p:px(120), p:px(12))
    local area = box.new(bar.x, bar.y + p:px(6), bar.w, p:px(6))
    local fill = selected and "on_select" or "accent"
    widgets.progress(ui, area, job_words.share(job), reaper.time_precise(), fill)
    p:text(text, said, { colour = dim })
  else
    p:text(below, said, { colour = selected and "on_select" or colour })
  end
end

-- The buttons for the selected job.
local function buttons_for(job)
  if not job then
    return {}
  end
  local buttons = {}
  for _, choice in ipairs(job_words.choices(job)) do
    buttons[#buttons + 1] = { "answer:" .. choice.id, choice.words }
  end
  for _, action in ipairs(job_words.actions(job)) do
    buttons[#buttons + 1] = action
  end
  if job.folder and reaper.APIExists("CF_ShellExecute") then
    buttons[#buttons + 1] = { "folder", "Open folder" }
  end
  return buttons
end

local function act(self, job, id)
  local choice = id:match("^answer:(.*)$")
  if choice then
    self.events.act("answer", job, choice)
  elseif id == "folder" then
    reaper.CF_ShellExecute(job.folder)
  else
    self.events.act(id, job)
  end
end

local function detail(ui, area, self, job)
  local p = ui.paint
  p:panel(area, "raised", "line")
  local inner = box.inset(area, p:px(12), p:px(8))
  local said, colour = job_words.status(job, os.time())
  local lines = {}
  for _, text in ipairs({ said, job_words.hint(job), table.unpack(job.warnings) }) do
    if text ~= "" then
      lines[#lines + 1] = text
    end
  end
  local wrapped = utext.wrap(table.concat(lines, " "), inner.w, p:measure(p.BODY), 2)
  p:lines(inner, wrapped, { colour = colour })
  local bottom = box.cut(inner, "bottom", p:px(26))
  local x = bottom.x
  for _, button in ipairs(buttons_for(job)) do
    local width = math.min(widgets.button_width(ui, button[2]), bottom.w)
    if x + width <= bottom.x + bottom.w + 1 then
      if widgets.button(ui, job.id .. "/" .. button[1], box.new(x, bottom.y, width, bottom.h), button[2]) then
        act(self, job, button[1])
      end
      x = x + width + p:px(8)
    end
  end
end

-- How many jobs there are; or how many are marked, and what can be done with them together.
local function draw_count(ui, self, area)
  local p = ui.paint
  local jobs = self:chosen()
  if #jobs == 0 then
    p:text(area, words.count(#self.list.rows, "job"), { font = p.SMALL, colour = "dim" })
    return
  end
  local refusal = M.refusal(jobs)
  local rest = area
  for _, action in ipairs({ { "blend", "Blend…" }, { "compare", "Compare" } }) do
    local cell
    cell, rest = box.cut(rest, "right", widgets.button_width(ui, action[2]), p:px(8))
    if widgets.button(ui, "marked:" .. action[1], cell, action[2], { disabled = refusal ~= nil }) then
      self.events[action[1]](jobs)
    end
  end
  local text = ("%d marked. %s"):format(#jobs, refusal or "")
  p:text(rest, text, { font = p.SMALL, colour = refusal and "warn" or "dim" })
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  refresh(self)
  if not self.begun then
    self.begun = true
    ui.focus:set("jobs")
  end
  local foot, body = box.cut(area, "bottom", p:px(48))
  local inner = box.inset(body, p:px(14), p:px(12))
  local job = self.list:row()
  local below, table_area = nil, inner
  if job then
    below, table_area = box.cut(inner, "bottom", p:px(90), p:px(10))
  end
  widgets.list(ui, "jobs", table_area, self.list, p:px(50), function(row, cell, selected)
    draw_row(ui, self, row, cell, selected)
  end, { leave_enter = true })
  if ui.focus.id == "jobs" and job and ui:take("space") then
    mark(self, job)
  end
  if job then
    detail(ui, below, self, job)
  end
  if #self.list.rows == 0 then
    local text = self.follow.searching() and "Looking for jobs…" or "There are no jobs of this REAPER yet."
    p:text(box.inset(table_area, p:px(12), p:px(10)), text, { colour = "dim" })
  end
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(14), p:px(9))
  local close, rest = box.cut(line, "right", widgets.button_width(ui, "Close"), p:px(8))
  local waiting = 0
  for _, one in ipairs(self.list.rows) do
    if one.state == "ready" and not (one.placed or one.wish or one.refused) then
      waiting = waiting + 1
    end
  end
  if waiting > 0 then
    local label = ("Import %s"):format(words.count(waiting, "finished job"))
    local import
    import, rest = box.cut(rest, "right", widgets.button_width(ui, label), p:px(12))
    if widgets.button(ui, "import_all", import, label, { primary = true }) then
      self.events.import_all()
    end
  end
  draw_count(ui, self, rest)
  if widgets.button(ui, "close", close, "Close") or ui:take("escape") then
    self.events.closed()
  end
end

--- Do a tick; true when the window has to be drawn.
function M:tick(now)
  for _, job in ipairs(self.follow.list()) do
    if job_words.runs(job) and now - (self.moved or 0) > 0.15 then
      self.moved = now
      return true
    end
  end
  return false
end

return M
