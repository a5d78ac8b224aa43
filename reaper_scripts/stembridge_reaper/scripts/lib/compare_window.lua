-- Finished jobs of one region measured against each other: the core's sentences and its picture.
local box = require("ui.box")
local errand = require("errand")
local form = require("ui.form")
local form_rows = require("ui.rows")
local job_words = require("job_words")
local json = require("json")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 900, 680

--- Make the window's content, and have the comparison made.
-- @param jobs finished jobs of `follow.list()`, in the order of their letters
-- @param titles names of models by "engine:model"
-- @param events {closed=function()}
function M.new(jobs, titles, events)
  local ids, legend = {}, {}
  for index, job in ipairs(jobs) do
    ids[index] = job.id
    legend[index] = ("%s: %s"):format(string.char(64 + index), M.title(job, titles))
  end
  local view = {
    events = events,
    name = jobs[1].name,
    legend = table.concat(legend, "   "),
    errand = errand.begin({ kind = "compare", jobs = json.array(ids) }),
  }
  return setmetatable(view, M)
end

--- Give what a job is called beside others of its region.
function M.title(job, titles)
  local compare = job.context and job.context.compare
  if type(compare) == "table" and type(compare.title) == "string" then
    return compare.title
  end
  return job_words.maker(job, titles)
end

--- Do a tick; true when the window has to be drawn.
function M:tick(now)
  if self.answer then
    return false
  end
  self.answer = self.errand:poll()
  local picture = self.answer and self.answer.result and self.answer.result.picture
  self.picture = type(picture) == "string" and picture or nil
  if self.answer or now - (self.moved or 0) > 0.15 then
    self.moved = now
    return true
  end
  return false
end

-- The comparison under way, or what kept it from being made.
local function draw_state(ui, area, self)
  local p = ui.paint
  local error = self.answer and self.answer.error
  if error then
    local text = ("%s %s"):format(error.message, error.hint or "")
    p:lines(area, utext.wrap(text, area.w, p:measure(p.BODY), 6), { colour = "bad" })
    return
  end
  local one = self.errand
  local whole = type(one.done) == "number" and type(one.total) == "number" and one.total > 0
  p:text(box.new(area.x, area.y, area.w, p:px(20)), "Listening to the stems…", { colour = "dim" })
  local bar = box.new(area.x, area.y + p:px(26), math.min(area.w, p:px(300)), p:px(7))
  widgets.progress(ui, bar, whole and one.done / one.total or nil, reaper.time_precise())
end

-- Rows of this many pixels is what the picture scrolls by.
local STEP = 24

-- Give how many pixels of the picture are scrolled away, by wheel, keys and its bar.
local function scrolled(ui, area, bar, self, height)
  local rows = math.max(1, math.ceil(height / STEP))
  local seen = math.max(1, area.h // STEP)
  local last = math.max(0, rows - seen)
  local top = math.min(self.top or 0, last)
  local key = ui:take("up", "down", "pageup", "pagedown", "home", "end")
  local way = { up = -1, down = 1, pageup = -seen, pagedown = seen, home = -rows, ["end"] = rows }
  top = top + (key and way[key.name] or 0)
  local input = ui.input
  if input.wheel ~= 0 and (ui:over(area) or ui:over(bar)) then
    top = top + (input.wheel < 0 and 3 or -3)
    input.wheel = 0
    ui:redraw()
  end
  local wanted = widgets.scrollbar(ui, "picture/bar", bar, top + 1, top + seen, rows)
  if wanted then
    top = wanted - 1
    ui:redraw()
  end
  self.top = math.max(0, math.min(last, top))
  return self.top * STEP
end

-- The picture as wide as the window; what is higher is scrolled.
local function draw_picture(ui, area, self)
  local p = ui.paint
  local wide, high = p:picture_size(self.picture)
  if not wide then
    local text = "The picture can't be shown: " .. self.picture
    p:lines(area, utext.wrap(text, area.w, p:measure(p.BODY), 3), { colour = "dim" })
    return
  end
  local bar, body = box.cut(area, "right", p:px(8), p:px(6))
  local width = math.min(body.w, wide)
  local top = scrolled(ui, body, bar, self, math.floor(high * width / wide))
  p:picture(box.new(body.x + (body.w - width) // 2, body.y, width, body.h), self.picture, top)
end

local function sentence_rows(ui, self, width)
  local list = {}
  for _, sentence in ipairs(self.answer.result.sentences or {}) do
    list[#list + 1] = form_rows.text(ui, "• " .. tostring(sentence), width, {}, 4)
    list[#list + 1] = form_rows.gap(ui.paint:px(2))
  end
  return list
end

-- The sentences take what they need, but leave more than half to the picture; then they scroll.
local function draw_result(ui, area, self)
  local p = ui.paint
  local rows = sentence_rows(ui, self, area.w - p:px(16))
  local needed = 0
  for _, row in ipairs(rows) do
    needed = needed + row.h
  end
  local most = self.picture and area.h * 2 // 5 or area.h
  local top, rest = box.cut(area, "top", math.min(needed, most), p:px(10))
  form.show(ui, "compared", top, rows)
  if self.picture then
    draw_picture(ui, rest, self)
  end
end

local function footer(ui, area, self)
  local p = ui.paint
  p:fill(area, "raised")
  p:fill(box.new(area.x, area.y, area.w, 1), "line")
  local line = box.inset(area, p:px(14), p:px(9))
  local close, rest = box.cut(line, "right", widgets.button_width(ui, "Close"), p:px(8))
  if self.picture and reaper.APIExists("CF_ShellExecute") then
    local open
    open, rest = box.cut(rest, "right", widgets.button_width(ui, "Open picture"), p:px(12))
    if widgets.button(ui, "picture", open, "Open picture") then
      reaper.CF_ShellExecute(self.picture)
    end
  end
  p:text(rest, self.picture or "", { font = p.SMALL, colour = "dim" })
  if widgets.button(ui, "close", close, "Close") or ui:take("escape", "enter") then
    self.events.closed()
  end
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  local foot, body = box.cut(area, "bottom", p:px(48))
  local inner = box.inset(body, p:px(16), p:px(12))
  local head, rest = box.cut(inner, "top", p:px(48), p:px(8))
  p:text(box.new(head.x, head.y, head.w, p:px(26)), self.name, { font = p.TITLE })
  p:text(box.new(head.x, head.y + p:px(27), head.w, p:px(20)), self.legend, { colour = "dim" })
  if self.answer and self.answer.result then
    draw_result(ui, rest, self)
  else
    draw_state(ui, rest, self)
  end
  footer(ui, foot, self)
end

--- The window is closing: a comparison that isn't done is given up, it costs nothing to make again.
function M:closed()
  self.errand:cancel()
end

return M
