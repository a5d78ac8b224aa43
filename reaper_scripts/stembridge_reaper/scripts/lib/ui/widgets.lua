-- Buttons, check boxes, segments, selects, bars. Each is named in every frame and says what happened.
local box = require("ui.box")
local list = require("ui.list")
local pickers = require("ui.pickers")

local M = {}

--- A button; true when it was pressed.
-- @param style {primary=, disabled=, danger=}
function M.button(ui, id, area, label, style)
  style = style or {}
  local p = ui.paint
  if style.disabled then
    p:panel(area, "raised", "line")
    p:text(area, label, { align = "centre", colour = "dim" })
    return false
  end
  local has = ui:focusable(id, area)
  local hit = ui:clicked(id, area)
  if has and ui:take("space", "enter") then
    hit = true
  end
  local ground = style.primary and "accent" or (ui:over(area) and "hover" or "raised")
  p:panel(area, ground, style.primary and "accent" or "edge")
  if ui.active == id and ui:over(area) then
    p:round(area, { 0, 0, 0 }, nil, 0.18)
  end
  local colour = style.primary and "on_accent" or (style.danger and "bad" or "text")
  p:text(
    box.inset(area, p:px(8), 0),
    label,
    { align = "centre", colour = colour, font = style.primary and p.BOLD }
  )
  if has then
    ui:ring(area)
  end
  return hit
end

--- Give the width that a button of a label wants.
function M.button_width(ui, label, primary)
  local p = ui.paint
  return math.max(p:px(84), p:width(primary and p.BOLD or p.BODY, label) + p:px(28))
end

--- A check box; gives the value, and true when it was changed.
-- @param style {disabled=, swatch=colour}
function M.check(ui, id, area, label, value, style)
  style = style or {}
  local p = ui.paint
  local side = p:px(16)
  local mark = box.new(area.x, area.y + (area.h - side) // 2, side, side)
  local changed = false
  if not style.disabled then
    local has = ui:focusable(id, area)
    changed = ui:clicked(id, area)
    if has and ui:take("space") then
      changed = true
    end
    if changed then
      value = not value
    end
    if has then
      ui:ring(box.new(mark.x - p:px(1), mark.y - p:px(1), side + p:px(2), side + p:px(2)))
    end
  end
  if value then
    p:panel(mark, style.disabled and "edge" or "accent", style.disabled and "edge" or "accent")
    p:tick(mark, "on_accent")
  else
    p:panel(mark, "field", ui:over(area) and not style.disabled and "text" or "edge")
  end
  local x = mark.x + side + p:px(8)
  if style.swatch then
    p:dot(x + p:px(4), area.y + area.h // 2, p:px(4), style.swatch)
    x = x + p:px(14)
  end
  p:text(
    box.new(x, area.y, area.x + area.w - x, area.h),
    label,
    { colour = style.disabled and "dim" or "text" }
  )
  return value, changed
end

--- Give the width that a check box of a label takes.
function M.check_width(ui, label, swatch)
  local p = ui.paint
  return p:px(16 + 8 + (swatch and 14 or 0)) + p:width(p.BODY, label) + p:px(4)
end

--- A few choices side by side; gives the key, and true when it was changed.
-- @param options a list of {key, label}
function M.segments(ui, id, area, options, key)
  local p = ui.paint
  local has = ui:focusable(id, area)
  local at = 1
  for index, option in ipairs(options) do
    if option[1] == key then
      at = index
    end
  end
  local before = at
  if has then
    if ui:take("left", "up") then
      at = math.max(1, at - 1)
    elseif ui:take("right", "down") then
      at = math.min(#options, at + 1)
    end
  end
  p:panel(area, "field", "edge")
  -- Each gets what its label needs, and an equal share of the rest.
  local needed = 0
  for _, option in ipairs(options) do
    needed = needed + p:width(p.BODY, option[2]) + p:px(16)
  end
  local spare, x, sum = area.w - needed, area.x, 0
  for index, option in ipairs(options) do
    sum = sum + p:width(p.BODY, option[2]) + p:px(16)
    local right = spare >= 0 and area.x + sum + spare * index // #options
      or area.x + area.w * index // #options
    local cell = box.new(x, area.y, right - x, area.h)
    x = right
    if ui:clicked(id .. index, cell) then
      at = index
    end
    local chosen = index == at
    if chosen then
      p:round(cell, "accent")
    end
    p:text(
      box.inset(cell, p:px(6), 0),
      option[2],
      { align = "centre", colour = chosen and "on_accent" or "text" }
    )
  end
  if has then
    ui:ring(area)
  end
  return options[at][1], at ~= before
end

local function label_of(options, key)
  for _, option in ipairs(options) do
    if option[1] == key then
      return option[2]
    end
  end
  return "(none)"
end

local function step(options, key, by)
  for index, option in ipairs(options) do
    if option[1] == key then
      local goal = options[math.max(1, math.min(#options, index + by))]
      return goal[1]
    end
  end
  return options[1] and options[1][1]
end

local function open_choices(ui, id, area, options, key)
  local rows = {}
  for index, option in ipairs(options) do
    rows[index] = { id = option[1], label = option[2] }
  end
  local choices = list.new()
  choices:set(rows)
  choices:select_id(key)
  ui:open_popup(
    id,
    pickers.choices(area, choices, function(picked)
      ui:state(id).picked = { picked }
    end)
  )
end

--- One choice out of many, in a list that opens; gives the key, and true when it was changed.
-- @param options a list of {key, label}
function M.select(ui, id, area, options, key)
  local p = ui.paint
  local before = key
  local state = ui:state(id)
  if state.picked then
    key = state.picked[1]
    state.picked = nil
    ui:redraw()
  end
  local has = ui:focusable(id, area)
  if has then
    if ui:take("up", "left") then
      key = step(options, key, -1)
    elseif ui:take("down", "right") then
      key = step(options, key, 1)
    elseif ui:take("space", "f4") then
      open_choices(ui, id, area, options, key)
    end
  end
  if ui:clicked(id, area) then
    open_choices(ui, id, area, options, key)
  end
  p:panel(area, ui:over(area) and "hover" or "field", "edge")
  local arrow, rest = box.cut(area, "right", p:px(24))
  p:arrow(arrow, "dim", "down")
  p:text(box.inset(rest, p:px(8), 0), label_of(options, key), {})
  if has then
    ui:ring(area)
  end
  return key, key ~= before
end

--- A bar of progress.
-- @param share 0..1; nil: the bar says only that work goes on
-- @param phase seconds, what an unknown share moves by
function M.progress(ui, area, share, phase, colour)
  local p = ui.paint
  local radius = area.h // 2
  p:round(area, "line", radius)
  if share then
    local width = math.floor(area.w * math.max(0, math.min(1, share)) + 0.5)
    if width > 0 then
      p:round(box.new(area.x, area.y, math.max(width, area.h), area.h), colour or "accent", radius)
    end
    return
  end
  local width = area.w // 4
  local way = (phase or 0) * 0.35 % 2
  local x = area.x + (area.w - width) * (way > 1 and 2 - way or way)
  p:round(box.new(math.floor(x), area.y, width, area.h), colour or "accent", radius)
end

M.field = pickers.field
M.list = pickers.list
M.scrollbar = pickers.scrollbar

return M
