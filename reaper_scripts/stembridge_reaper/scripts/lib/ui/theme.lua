-- The palette: REAPER's own theme colours, mended where text would be hard to read.
local colour = require("ui.colour")

local M = {}

--- The least contrast of any text on what it stands on.
M.CONTRAST = 4.5

-- Taken when the theme says nothing.
local BASE, TEXT = 0x2b2d30, 0xe4e6e8
local ACCENT, GOOD, WARN, BAD = 0x2e86ab, 0x2a9d5c, 0xd08700, 0xd6402b

--- Every text colour with the grounds it is written on: what the contrast is promised for.
M.PAIRS = {
  { "text", "base" },
  { "text", "raised" },
  { "text", "field" },
  { "text", "hover" },
  { "dim", "base" },
  { "dim", "raised" },
  { "dim", "field" },
  { "dim", "hover" },
  { "link", "base" },
  { "link", "raised" },
  { "good", "base" },
  { "good", "raised" },
  { "good", "field" },
  { "warn", "base" },
  { "warn", "raised" },
  { "warn", "field" },
  { "bad", "base" },
  { "bad", "raised" },
  { "bad", "field" },
  { "on_accent", "accent" },
  { "on_select", "select" },
  { "dim_select", "select" },
}

--- Build the palette.
-- @param base colour of the theme's windows, or nil
-- @param text colour of its text, or nil
function M.build(base, text)
  base = base or colour.rgb(BASE)
  local dark = colour.luminance(base) < 0.18
  local far = dark and { 1, 1, 1 } or { 0, 0, 0 }
  local near = dark and { 0, 0, 0 } or { 1, 1, 1 }
  -- A ground of a middle grey gives way until white or black has room on it.
  local function ground(tone)
    return colour.readable(tone, { far }, 5.6)
  end
  local p = { dark = dark, base = ground(base) }
  p.raised = ground(colour.mix(base, far, dark and 0.06 or 0.05))
  p.field = ground(colour.mix(base, near, dark and 0.28 or 0.62))
  p.hover = ground(colour.mix(base, far, dark and 0.11 or 0.09))
  p.line = colour.mix(base, far, dark and 0.17 or 0.2)
  p.edge = colour.mix(base, far, dark and 0.34 or 0.4)
  local grounds = { p.base, p.raised, p.field, p.hover }
  local least = M.CONTRAST
  -- A margin, so that rounding to eight bits can't fall below the promise.
  local wanted = least + 0.1
  p.text = colour.readable(text or (dark and colour.rgb(TEXT) or { 0.1, 0.1, 0.11 }), grounds, 7)
  p.dim = colour.readable(colour.mix(p.text, base, 0.38), grounds, wanted)
  p.accent = colour.readable(colour.rgb(ACCENT), { { 1, 1, 1 } }, wanted)
  p.on_accent = { 1, 1, 1 }
  p.link = colour.readable(colour.rgb(ACCENT), grounds, wanted)
  p.good = colour.readable(colour.rgb(GOOD), grounds, wanted)
  p.warn = colour.readable(colour.rgb(WARN), grounds, wanted)
  p.bad = colour.readable(colour.rgb(BAD), grounds, wanted)
  p.select = ground(colour.mix(base, p.accent, dark and 0.55 or 0.3))
  p.on_select = colour.readable(p.text, { p.select }, 7)
  p.dim_select = colour.readable(p.dim, { p.select }, wanted)
  p.focus = colour.readable(colour.rgb(ACCENT), { p.base, p.field, p.raised }, 3.2)
  return p
end

local function ask(key)
  local native = reaper.GetThemeColor(key, 0)
  if native < 0 then
    return nil
  end
  local r, g, b = reaper.ColorFromNative(native & 0xffffff)
  return { r / 255, g / 255, b / 255 }
end

--- Give the palette of REAPER's present theme.
-- @param wish "auto", or "dark" or "light" to leave the theme out of it
function M.current(wish)
  if wish == "dark" then
    return M.build(nil, nil)
  end
  if wish == "light" then
    return M.build({ 0.94, 0.94, 0.95 }, nil)
  end
  return M.build(ask("col_main_bg2"), ask("col_main_text2"))
end

return M
