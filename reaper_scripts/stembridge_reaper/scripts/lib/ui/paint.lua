-- The only module that draws: fonts, text and shapes by gfx, in pixels.
local utext = require("ui.utext")

local M = {}
M.__index = M

M.BODY, M.BOLD, M.SMALL, M.TITLE = 1, 2, 3, 4

-- Line heights at scale 1; the sizes are found by measuring, since systems differ in what a size is.
local FONTS = {
  [M.BODY] = { height = 18 },
  [M.BOLD] = { height = 18, flags = string.byte("b") },
  [M.SMALL] = { height = 16 },
  [M.TITLE] = { height = 25, flags = string.byte("b") },
}

local FACES = { { "^Win", "Segoe UI" }, { "^OSX", "Helvetica Neue" }, { "^macOS", "Helvetica Neue" } }
local CACHED = 1500

local function face()
  local system = reaper.GetOS()
  for _, row in ipairs(FACES) do
    if system:find(row[1]) then
      return row[2]
    end
  end
  return "DejaVu Sans"
end

function M.new()
  return setmetatable({ scale = 0, palette = nil, widths = {}, cached = 0, font = 0, heights = {} }, M)
end

--- Take a scale (1 = 96 dpi); the fonts are set up when it differs from the last.
function M:set_scale(scale)
  if scale == self.scale then
    return
  end
  self.scale = scale
  self.widths, self.cached = {}, 0
  local name = face()
  for index, font in ipairs(FONTS) do
    local wanted = font.height * scale
    local size = math.floor(wanted * 0.88 + 0.5)
    gfx.setfont(index, name, size, font.flags or 0)
    if gfx.texth > 0 then
      size = math.max(6, math.floor(size * wanted / gfx.texth + 0.5))
      gfx.setfont(index, name, size, font.flags or 0)
    end
    self.heights[index] = gfx.texth
    self.widths[index] = {}
  end
  self.font = #FONTS
end

--- Give a length of the design in whole pixels.
function M:px(length)
  return math.floor(length * self.scale + 0.5)
end

local function use_font(self, font)
  if self.font ~= font then
    gfx.setfont(font)
    self.font = font
  end
end

--- Give the width of a text in pixels.
function M:width(font, text)
  local known = self.widths[font][text]
  if known then
    return known
  end
  if self.cached >= CACHED then
    self.cached = 0
    for index in ipairs(FONTS) do
      self.widths[index] = {}
    end
  end
  use_font(self, font)
  local width = gfx.measurestr(text)
  self.widths[font][text] = width
  self.cached = self.cached + 1
  return width
end

--- Give a function(text) -> width, as `ui.utext` wants it.
function M:measure(font)
  return function(text)
    return self:width(font, text)
  end
end

local function use_colour(self, name, alpha)
  local colour = type(name) == "table" and name or self.palette[name]
  gfx.r, gfx.g, gfx.b, gfx.a = colour[1], colour[2], colour[3], alpha or 1
end

--- Write a line at a point; nothing is cut off.
function M:write(x, y, text, font, colour)
  use_font(self, font)
  use_colour(self, colour)
  gfx.x, gfx.y = math.floor(x), math.floor(y)
  gfx.drawstr(text)
end

--- Write a line into a box, centred vertically, shortened where it doesn't fit.
-- @param style {font=, colour=, align="left"|"right"|"centre"}
-- @return the width of what was written
function M:text(box, text, style)
  local font = style.font or M.BODY
  local fitting = utext.fit(text, box.w, self:measure(font))
  local width = self:width(font, fitting)
  local x = box.x
  if style.align == "right" then
    x = box.x + box.w - width
  elseif style.align == "centre" then
    x = box.x + (box.w - width) / 2
  end
  self:write(x, box.y + (box.h - self.heights[font]) / 2, fitting, font, style.colour or "text")
  return width
end

--- Write lines from the top of a box on; give the height that they take.
function M:lines(box, lines, style)
  local font = style.font or M.BODY
  for index, line in ipairs(lines) do
    self:write(box.x, box.y + (index - 1) * self.heights[font], line, font, style.colour or "text")
  end
  return #lines * self.heights[font]
end

--- Fill a box.
function M:fill(box, colour, alpha)
  use_colour(self, colour, alpha)
  gfx.rect(box.x, box.y, box.w, box.h, 1)
end

-- How far each of the first rows of a corner is set in, by radius.
local INSETS = {}
local function insets(radius)
  if not INSETS[radius] then
    local rows = {}
    for row = 0, radius - 1 do
      local rise = radius - row - 0.5
      rows[row] = math.floor(radius - math.sqrt(radius * radius - rise * rise) + 0.5)
    end
    INSETS[radius] = rows
  end
  return INSETS[radius]
end

--- Fill a box with round corners.
function M:round(box, colour, radius, alpha)
  radius = math.max(0, math.min(radius or self:px(4), box.w // 2, box.h // 2))
  use_colour(self, colour, alpha)
  local x, y, w, h = box.x, box.y, box.w, box.h
  gfx.rect(x, y + radius, w, h - 2 * radius, 1)
  for row, inset in pairs(insets(radius)) do
    gfx.rect(x + inset, y + row, w - 2 * inset, 1, 1)
    gfx.rect(x + inset, y + h - 1 - row, w - 2 * inset, 1, 1)
  end
end

--- Fill a box with round corners and draw its edge.
function M:panel(box, colour, edge, thickness)
  local t = thickness or math.max(1, math.floor(self.scale))
  self:round(box, edge)
  local inner = { x = box.x + t, y = box.y + t, w = box.w - 2 * t, h = box.h - 2 * t }
  self:round(inner, colour, self:px(4) - t)
end

--- Draw a line of a thickness.
function M:line(x1, y1, x2, y2, colour, thickness)
  use_colour(self, colour)
  for step = 0, (thickness or 1) - 1 do
    gfx.line(x1, y1 + step, x2, y2 + step, 1)
  end
end

--- Draw a tick into a box.
function M:tick(box, colour)
  local t = math.max(2, self:px(2))
  local x, y, s = box.x, box.y, box.w
  self:line(x + s * 0.22, y + s * 0.48, x + s * 0.42, y + s * 0.68, colour, t)
  self:line(x + s * 0.42, y + s * 0.68, x + s * 0.78, y + s * 0.26, colour, t)
end

--- Draw a small triangle that points down ("down") or to the right, in the middle of a box.
function M:arrow(box, colour, way)
  use_colour(self, colour)
  local x, y, r = box.x + box.w // 2, box.y + box.h // 2, self:px(4)
  if way == "down" then
    gfx.triangle(x - r, y - r // 2, x + r, y - r // 2, x, y + r // 2 + 1)
  else
    gfx.triangle(x - r // 2, y - r, x - r // 2, y + r, x + r // 2 + 1, y)
  end
end

--- Draw a looking-glass in the middle of a box.
function M:glass(box, colour)
  use_colour(self, colour)
  local r = self:px(5)
  local x, y = box.x + box.w // 2 - self:px(1), box.y + box.h // 2 - self:px(1)
  gfx.circle(x, y, r, 0, 1)
  if self.scale >= 1.5 then
    gfx.circle(x, y, r - 1, 0, 1)
  end
  local d = math.floor(r * 0.72)
  self:line(x + d, y + d, x + d + self:px(4), y + d + self:px(4), colour, math.max(2, self:px(1.5)))
end

-- The image buffer that holds the one picture of a script; it is loaded when it is another.
local PICTURE = 3

local function load_picture(self, path)
  if self.picture_path ~= path then
    self.picture_path = path
    self.picture_there = gfx.loadimg(PICTURE, path) == PICTURE
  end
  return self.picture_there
end

--- Give a picture's width and height in its own pixels; nil where it can't be loaded.
function M:picture_size(path)
  if not load_picture(self, path) then
    return nil
  end
  local w, h = gfx.getimgdim(PICTURE)
  if w <= 0 or h <= 0 then
    return nil
  end
  return w, h
end

--- Draw a picture into a box, as wide as that; what is higher is cut off.
-- @param top pixels of the box's size that are left out above
function M:picture(box, path, top)
  local wide, high = self:picture_size(path)
  if not wide or box.w <= 0 then
    return
  end
  local scale = box.w / wide
  local from = (top or 0) / scale
  local shown = math.min(box.h / scale, high - from)
  gfx.a = 1
  gfx.blit(PICTURE, 1, 0, 0, from, wide, shown, box.x, box.y, box.w, math.floor(shown * scale))
end

--- Draw a filled dot.
function M:dot(x, y, radius, colour)
  use_colour(self, colour)
  gfx.circle(x, y, radius, 1, 1)
end

return M
