-- The settings for all projects: how windows look, what may be spent without asking, where results go.
local box = require("ui.box")
local dialog_rows = require("dialog_rows")
local field = require("ui.field")
local form = require("ui.form")
local settings = require("settings")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 560, 540

local COLOURS = { { "auto", "As REAPER's theme" }, { "dark", "Dark" }, { "light", "Light" } }
local TEXTS = { { "take_markers", "Take markers" }, { "regions", "Regions" } }

--- Make the window's content.
-- @param events {closed=function(), changed=function(settings): takes effect at once}
function M.new(events)
  local now = settings.load()
  return setmetatable({
    events = events,
    settings = now,
    limit = field.new(tostring(now.limit), 6),
  }, M)
end

local function changed(self, name, value)
  self.settings[name] = value
  settings.save(self.settings)
  self.events.changed(self.settings)
end

--- Read what was typed as a number of credits; nil when it is none.
function M.credits(text)
  local digits = text:match("^%s*(%d+)%s*$")
  return digits and math.tointeger(tonumber(digits)) or nil
end

local function zoom_options()
  local options = {}
  for index, zoom in ipairs(settings.ZOOMS) do
    options[index] = { tostring(zoom), ("%d %%"):format(math.floor(zoom * 100 + 0.5)) }
  end
  return options
end

local function labelled(ui, label, id, draw, note)
  local p = ui.paint
  local tall = p:px(26)
  return {
    h = tall + (note and p:px(20) or 0) + p:px(8),
    ids = { id },
    draw = function(_, area)
      local left = math.min(p:px(200), area.w * 2 // 5)
      p:text(box.new(area.x, area.y, left - p:px(8), tall), label, { colour = "dim" })
      local cell = box.new(area.x + left, area.y, area.w - left, tall)
      draw(cell)
      if note then
        p:text(
          box.new(cell.x, cell.y + tall + p:px(2), cell.w, p:px(16)),
          note,
          { font = p.SMALL, colour = "dim" }
        )
      end
    end,
  }
end

local function heading(ui, text)
  local p = ui.paint
  return {
    h = p:px(32),
    keep = true,
    draw = function(_, area)
      p:text(box.new(area.x, area.y + p:px(4), area.w, p:px(24)), text, { font = p.BOLD })
    end,
  }
end

local function check_row(ui, self, name, label)
  local p = ui.paint
  return {
    h = p:px(28),
    ids = { name },
    draw = function(_, area)
      local cell = box.new(area.x, area.y, area.w, p:px(24))
      local value, hit = widgets.check(ui, name, cell, label, self.settings[name])
      if hit then
        changed(self, name, value)
      end
    end,
  }
end

local function rows(ui, self)
  local function pick(label, name, options, note)
    return labelled(ui, label, name, function(cell)
      local key, hit = widgets.select(ui, name, cell, options, self.settings[name])
      if hit then
        changed(self, name, key)
      end
    end, note)
  end
  local limit = labelled(
    ui,
    "Limit of credits a job",
    "limit",
    function(cell)
      local narrow = box.new(cell.x, cell.y, math.min(cell.w, ui.paint:px(110)), cell.h)
      if widgets.field(ui, "limit", narrow, self.limit, {}) then
        local credits = M.credits(self.limit.text)
        if credits then
          changed(self, "limit", credits)
        end
      end
    end,
    M.credits(self.limit.text) and "What costs more asks first. 0: always ask."
      or "Write a whole number of credits."
  )
  local zoom = labelled(ui, "Size", "zoom", function(cell)
    local key, hit = widgets.select(ui, "zoom", cell, zoom_options(), tostring(self.settings.zoom))
    if hit then
      changed(self, "zoom", tonumber(key))
    end
  end)
  return {
    heading(ui, "Without the dialog (last settings, presets)"),
    limit,
    check_row(ui, self, "again", "Separate anew, even when an equal job is done already"),
    heading(ui, "Where new projects begin"),
    pick("Place", "where", dialog_rows.places()),
    pick("Original", "original", dialog_rows.ORIGINAL),
    pick("Audio", "mode", dialog_rows.MODE),
    pick("A transcript becomes", "texts", TEXTS),
    heading(ui, "Windows"),
    pick("Colours", "colours", COLOURS),
    zoom,
    check_row(ui, self, "close_when_done", "Close the progress window when all went well"),
  }
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  if not self.begun then
    self.begun = true
    ui.focus:set("limit")
  end
  local foot, body = box.cut(area, "bottom", p:px(48))
  form.show(ui, "settings", box.inset(body, p:px(18), p:px(10)), rows(ui, self))
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(18), p:px(9))
  local close, note = box.cut(line, "right", widgets.button_width(ui, "Close"), p:px(12))
  local text = utext.fit("Kept as you change it.", note.w, p:measure(p.SMALL))
  p:text(note, text, { font = p.SMALL, colour = "dim" })
  if widgets.button(ui, "close", close, "Close") or ui:take("escape", "enter") then
    self.events.closed()
  end
end

function M.tick()
  return false
end

return M
