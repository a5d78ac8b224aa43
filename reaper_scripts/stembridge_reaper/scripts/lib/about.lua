-- About: the version, whether the core is found, and what its doctor says, in words.
local box = require("ui.box")
local core = require("core")
local form = require("ui.form")
local tables = require("tables")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 640, 520

--- Make the window's content.
-- @param events {closed=function()}
function M.new(events)
  local about = setmetatable({ events = events, rows = {} }, M)
  about.core, about.missing = core.find()
  if about.core then
    about.query = core.query("doctor")
  end
  return about
end

--- Put the rows that need something first: {mark="good"|"warn"|"bad", name, text, remedy}.
function M.sorted(rows)
  local sorted = {}
  for place, row in ipairs(rows) do
    local mark = row.ready and "good" or (row.needed and "bad" or "warn")
    local rank = ({ bad = 0, warn = 1, good = 2 })[mark]
    sorted[place] =
      { mark = mark, rank = rank, place = place, name = row.name, text = row.text, remedy = row.remedy }
  end
  table.sort(sorted, function(one, other)
    if one.rank ~= other.rank then
      return one.rank < other.rank
    end
    return one.place < other.place
  end)
  return sorted
end

--- Give the facts that a bug report needs, a line each.
function M.facts(self)
  local lines = {
    "Stembridge scripts " .. tables.VERSION,
    ("REAPER %s on %s, %s"):format(reaper.GetAppVersion(), reaper.GetOS(), _VERSION),
  }
  if self.core then
    local same = self.core.version == tables.VERSION
    local version = tostring(self.core.version)
    lines[#lines + 1] = ("Core %s: %s"):format(version, self.core.argv[1])
    if not same then
      lines[#lines + 1] = "The scripts and the core are of different versions: run `stembridge setup reaper`."
    end
  else
    lines[#lines + 1] = self.missing
  end
  return lines
end

local LABELS = { good = "OK", warn = "Optional", bad = "Missing" }

local function doctor_row(ui, row, width)
  local p = ui.paint
  local indent = p:px(24)
  local inner = width - indent
  local lines = utext.wrap(row.text, inner, p:measure(p.BODY), 4)
  local remedy = row.remedy ~= "" and utext.wrap(row.remedy, inner, p:measure(p.BODY), 3) or {}
  local height = p:px(20) + (#lines + #remedy) * p.heights[p.BODY] + p:px(10)
  return {
    h = height,
    draw = function(_, area)
      p:dot(area.x + p:px(7), area.y + p:px(10), p:px(5), row.mark)
      local head = box.new(area.x + indent, area.y, inner, p:px(20))
      local name = row.name:sub(1, 1):upper() .. row.name:sub(2)
      local used = p:text(head, name, { font = p.BOLD })
      local tag = box.new(head.x + used + p:px(10), head.y, head.w - used - p:px(10), head.h)
      p:text(tag, LABELS[row.mark], { font = p.SMALL, colour = row.mark })
      local y = area.y + p:px(20)
      y = y + p:lines(box.new(area.x + indent, y, inner, 0), lines, { colour = "dim" })
      p:lines(box.new(area.x + indent, y, inner, 0), remedy, { colour = "text" })
    end,
  }
end

local function note_row(ui, text, width, colour)
  local p = ui.paint
  local lines = utext.wrap(text, width, p:measure(p.BODY), 4)
  return {
    h = #lines * p.heights[p.BODY] + p:px(6),
    draw = function(_, area)
      p:lines(area, lines, { colour = colour })
    end,
  }
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  if not self.begun then
    self.begun = true
    ui.focus:set("close")
  end
  local foot, body = box.cut(area, "bottom", p:px(48))
  local inner = box.inset(body, p:px(18), p:px(14))
  local title
  title, inner = box.cut(inner, "top", p:px(28), p:px(4))
  p:text(title, "Stembridge", { font = p.TITLE })
  local width = inner.w - p:px(16)
  local rows = {}
  for index, line in ipairs(M.facts(self)) do
    rows[index] = note_row(ui, line, width, (not self.core and index == 3) and "bad" or "dim")
  end
  if self.query then
    rows[#rows + 1] = note_row(ui, "Asking the doctor…", width, "dim")
  elseif self.error then
    rows[#rows + 1] = note_row(ui, self.error.message .. " " .. (self.error.hint or ""), width, "bad")
  end
  for _, row in ipairs(self.rows) do
    rows[#rows + 1] = doctor_row(ui, row, width)
  end
  form.show(ui, "about", inner, rows)
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(18), p:px(9))
  local close, rest = box.cut(line, "right", widgets.button_width(ui, "Close"), p:px(8))
  local again = box.cut(rest, "right", widgets.button_width(ui, "Look again"), p:px(8))
  if self.core and widgets.button(ui, "again", again, "Look again", { disabled = self.query ~= nil }) then
    self.rows, self.error = {}, nil
    self.query = core.query("doctor")
  end
  if widgets.button(ui, "close", close, "Close") or ui:take("escape", "enter") then
    self.events.closed()
  end
end

--- Do a tick; true when the window has to be drawn.
function M:tick()
  local answer = self.query and self.query:poll()
  if not answer then
    return false
  end
  self.query, self.error = nil, answer.error
  self.rows = M.sorted(answer.rows or {})
  return true
end

function M:closed()
  if self.query then
    self.query:cancel()
  end
end

return M
