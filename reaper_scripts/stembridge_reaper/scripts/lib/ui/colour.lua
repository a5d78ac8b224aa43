-- Colours as {r, g, b} in 0..1, and the contrast that makes text readable.
local M = {}

--- Give the colour of a number such as 0x2e86ab.
function M.rgb(hex)
  return { (hex >> 16 & 255) / 255, (hex >> 8 & 255) / 255, (hex & 255) / 255 }
end

--- Give the colour of a text such as "#2e86ab"; nil for anything else.
function M.parse(text)
  local digits = type(text) == "string" and text:match("^#(%x%x%x%x%x%x)$")
  return digits and M.rgb(tonumber(digits, 16)) or nil
end

local function linear(part)
  if part <= 0.04045 then
    return part / 12.92
  end
  return ((part + 0.055) / 1.055) ^ 2.4
end

--- Give the relative luminance, 0 (black) to 1 (white).
function M.luminance(colour)
  return 0.2126 * linear(colour[1]) + 0.7152 * linear(colour[2]) + 0.0722 * linear(colour[3])
end

--- Give the contrast ratio of two colours, 1 to 21.
function M.contrast(one, other)
  local a, b = M.luminance(one), M.luminance(other)
  if a < b then
    a, b = b, a
  end
  return (a + 0.05) / (b + 0.05)
end

--- Give the colour that lies `share` (0..1) of the way from one to the other.
function M.mix(one, other, share)
  local mixed = {}
  for i = 1, 3 do
    mixed[i] = one[i] + (other[i] - one[i]) * share
  end
  return mixed
end

local BLACK, WHITE = { 0, 0, 0 }, { 1, 1, 1 }

local function lowest(colour, grounds)
  local least = 21
  for _, ground in ipairs(grounds) do
    least = math.min(least, M.contrast(colour, ground))
  end
  return least
end

--- Move a colour towards black or white until it has the contrast `least` on every ground.
-- The direction is the one with more room; the first of 20 steps that suffices is taken.
function M.readable(colour, grounds, least)
  if lowest(colour, grounds) >= least then
    return colour
  end
  local goal = lowest(WHITE, grounds) >= lowest(BLACK, grounds) and WHITE or BLACK
  for step = 1, 20 do
    local moved = M.mix(colour, goal, step / 20)
    if lowest(moved, grounds) >= least then
      return moved
    end
  end
  return goal
end

return M
