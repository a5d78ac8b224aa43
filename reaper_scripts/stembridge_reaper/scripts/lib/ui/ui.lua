-- A frame of a window: which widgets there are, and which of them gets the mouse and the key.
-- Views are functions that name their widgets every frame; what they say first comes first in Tab's order.
local box = require("ui.box")
local focus = require("ui.focus")
local paint = require("ui.paint")

local M = {}
M.__index = M

function M.new()
  return setmetatable({
    paint = paint.new(),
    focus = focus.new(),
    states = {},
    active = nil,
    popup = nil,
    input = nil,
    again = false,
    by_key = true,
  }, M)
end

--- An input in which nothing happens.
function M.idle_input()
  return { x = -1, y = -1, down = false, pressed = false, released = false, double = false, wheel = 0 }
end

--- Give a table that a widget keeps from frame to frame.
function M:state(id)
  local state = self.states[id]
  if not state then
    state = {}
    self.states[id] = state
  end
  return state
end

--- Ask for one more frame: something changed after it was drawn.
function M:redraw()
  self.again = true
end

--- Tell whether the mouse is over a box.
function M:over(area)
  return box.holds(area, self.input.x, self.input.y)
end

--- Give the frame's key when it is of one of the names, and use it up.
function M:take(...)
  local key = self.input.key
  if not key then
    return nil
  end
  for _, name in ipairs({ ... }) do
    if key.name == name then
      self.input.key = nil
      self.again = true
      return key
    end
  end
  return nil
end

--- Give the frame's key when it types a character, and use it up.
function M:take_char()
  local key = self.input.key
  if key and key.char and not key.ctrl then
    self.input.key = nil
    self.again = true
    return key
  end
  return nil
end

--- Name a widget that takes the keyboard.
-- @return true when it has the keyboard
function M:focusable(id, area)
  local has = self.focus:add(id)
  if self.input.pressed and area and self:over(area) then
    self.focus:set(id)
    self.by_key = false
    self.again = true
    return true
  end
  return has
end

--- Draw the ring that shows where the keyboard is.
function M:ring(area)
  if not self.focused then
    return
  end
  local p = self.paint
  local t = math.max(1, p:px(1.5))
  local x, y, w, h = area.x - t, area.y - t, area.w + 2 * t, area.h + 2 * t
  local r = p:px(3)
  p:fill({ x = x + r, y = y, w = w - 2 * r, h = t }, "focus")
  p:fill({ x = x + r, y = y + h - t, w = w - 2 * r, h = t }, "focus")
  p:fill({ x = x, y = y + r, w = t, h = h - 2 * r }, "focus")
  p:fill({ x = x + w - t, y = y + r, w = t, h = h - 2 * r }, "focus")
  for step = 0, r - 1 do
    local at = r - step - 1
    p:fill({ x = x + at, y = y + step, w = t, h = 1 }, "focus")
    p:fill({ x = x + w - at - t, y = y + step, w = t, h = 1 }, "focus")
    p:fill({ x = x + at, y = y + h - step - 1, w = t, h = 1 }, "focus")
    p:fill({ x = x + w - at - t, y = y + h - step - 1, w = t, h = 1 }, "focus")
  end
end

--- Follow a press on a widget: true in the frame in which the button is let go over it.
function M:clicked(id, area)
  local input = self.input
  if input.pressed and self:over(area) then
    self.active = id
    self.again = true
  end
  if input.released and self.active == id then
    self.active = nil
    self.again = true
    return self:over(area)
  end
  return false
end

--- Open something above the rest; until it is closed it alone gets keys and mouse.
-- @param draw function(ui): called last; it closes itself by ui:close_popup()
function M:open_popup(id, draw)
  self.popup = { id = id, draw = draw }
  self.again = true
end

function M:close_popup()
  self.popup = nil
  self.again = true
end

--- Do a frame.
-- @param input see `idle_input`; key: a key of `ui.keys` or nil; focused: whether the window has the keyboard
-- @param view function(ui, area)
-- @return true when another frame is due
function M:frame(input, area, palette, view)
  self.paint.palette = palette
  self.again = false
  self.focused = input.focused
  local real = input
  if self.popup then
    input = M.idle_input()
  end
  self.input = input
  self.focus:begin()
  self.paint:fill(area, "base")
  view(self, area)
  local key = input.key
  if key and key.name == "tab" then
    self.focus:finish()
    self.focus:move(key.shift and -1 or 1)
    self.by_key = true
    self.again = true
  else
    self.focus:finish()
  end
  if self.popup and real ~= self.input then
    self.input = real
    self.popup.draw(self)
    self.again = self.again or real.key ~= nil or real.pressed or real.released
  end
  if real.released then
    self.active = nil
  end
  return self.again
end

return M
