-- A gfx window: its size, scale and place, its keys and mouse, and when it is drawn.
-- It is drawn when something happened, when its view says so, and once a second.
local keys = require("ui.keys")
local box = require("ui.box")
local theme = require("ui.theme")
local ui_frame = require("ui.ui")

local M = {}
M.__index = M

local DOUBLE_CLICK = 0.35
local REFRESH = 1.0

--- Give how many pixels a length of 1 takes: the screen's hint times the user's wish.
function M.scale_of(retina, wish)
  return math.max(1, retina) * math.max(0.75, math.min(2.5, wish or 1))
end

--- Open a window.
-- @param options title, width, height (at scale 1); view(ui, area); place: what `close` gave, or nil;
--   zoom: the user's factor; colours: "auto", "dark" or "light"
function M.open(options)
  local window = setmetatable({
    view = options.view,
    zoom = options.zoom or 1,
    colours = options.colours or "auto",
    ui = ui_frame.new(),
    due = true,
    drawn = 0,
    cap = 0,
    pressed_at = -1,
    pressed_x = 0,
    pressed_y = 0,
    fitted = options.place ~= nil,
    open = true,
  }, M)
  local place = options.place
  gfx.ext_retina = 1
  window.width = math.floor(place and place.w or options.width * window.zoom)
  window.height = math.floor(place and place.h or options.height * window.zoom)
  if place then
    gfx.init(options.title, window.width, window.height, place.dock, place.x, place.y)
  else
    gfx.init(options.title, window.width, window.height)
  end
  gfx.clear = -1
  return window
end

--- Ask for a new drawing.
function M:touch()
  self.due = true
end

--- Exchange what the window shows.
function M:show(view)
  self.view = view
  self.ui.popup = nil
  self.due = true
end

--- Give where the window is, in the units of gfx.init, to be kept for the next time: {w, h, x, y, dock}.
function M:place()
  local dock, x, y = gfx.dock(-1, 0, 0, 0, 0)
  local w, h = gfx.w / (self.density or 1), gfx.h / (self.density or 1)
  if w <= 0 or h <= 0 then
    return nil
  end
  return {
    dock = math.floor(dock),
    x = math.floor(x),
    y = math.floor(y),
    w = math.floor(w),
    h = math.floor(h),
  }
end

function M:close()
  if self.open then
    self.open = false
    self.last_place = self:place()
    gfx.quit()
  end
end

local function read_mouse(self, input, now)
  local cap = gfx.mouse_cap
  input.x, input.y = gfx.mouse_x, gfx.mouse_y
  input.down = cap & 1 ~= 0
  input.pressed = input.down and self.cap & 1 == 0
  input.released = not input.down and self.cap & 1 ~= 0
  if input.pressed then
    local near = math.abs(input.x - self.pressed_x) + math.abs(input.y - self.pressed_y) < 8
    input.double = near and now - self.pressed_at < DOUBLE_CLICK
    self.pressed_at = input.double and -1 or now
    self.pressed_x, self.pressed_y = input.x, input.y
  end
  input.wheel = gfx.mouse_wheel
  gfx.mouse_wheel = 0
  local moved = input.x ~= self.x or input.y ~= self.y
  self.x, self.y, self.cap = input.x, input.y, cap
  return moved or input.pressed or input.released or input.wheel ~= 0
end

-- With the first frame comes the screen's scale. On macOS the window has that many more pixels already; on
-- other systems the scale is only a hint, and the window is made larger by it.
local function fit_once(self)
  if self.density then
    return
  end
  self.density = 1
  if gfx.ext_retina <= 1 then
    return
  end
  if gfx.w > self.width * 1.2 then
    self.density = gfx.ext_retina
  elseif not self.fitted then
    gfx.init("", math.floor(self.width * gfx.ext_retina), math.floor(self.height * gfx.ext_retina))
  end
end

--- Do a tick; false when the window was closed.
function M:step()
  if not self.open then
    return false
  end
  local code, unichar = gfx.getchar()
  if code < 0 then
    self.open = false
    return false
  end
  fit_once(self)
  local now = reaper.time_precise()
  local input = ui_frame.idle_input()
  local flags = math.floor(gfx.getchar(65536))
  input.focused = flags & 1 == 0 or flags & 2 ~= 0 -- bit 0: this REAPER knows about the focus
  input.key = code > 0 and keys.read(math.floor(code), math.floor(unichar or 0), gfx.mouse_cap) or nil
  local happened = read_mouse(self, input, now) or input.key ~= nil
  local scale = M.scale_of(gfx.ext_retina, self.zoom)
  if gfx.w ~= self.w or gfx.h ~= self.h or scale ~= self.scale or input.focused ~= self.focused then
    self.w, self.h, self.scale, self.focused = gfx.w, gfx.h, scale, input.focused
    happened = true
  end
  if not (happened or self.due or now - self.drawn >= REFRESH) then
    return true
  end
  if now - (self.coloured or -10) > 3 then
    self.palette, self.coloured = theme.current(self.colours), now
  end
  self.drawn = now
  self.ui.paint:set_scale(scale)
  self.due = self.ui:frame(input, box.new(0, 0, gfx.w, gfx.h), self.palette, self.view)
  gfx.update()
  return self.open
end

return M
