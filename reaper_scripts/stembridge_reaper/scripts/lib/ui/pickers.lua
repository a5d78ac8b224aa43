-- The widgets that hold a model of `ui.field` or `ui.list`.
local box = require("ui.box")
local utext = require("ui.utext")

local M = {}

local function caret_at(ui, field, x)
  local p = ui.paint
  local low, high = 0, utext.length(field.text)
  while low < high do
    local middle = (low + high) // 2
    local here = p:width(p.BODY, utext.sub(field.text, 1, middle))
    local next_one = p:width(p.BODY, utext.sub(field.text, 1, middle + 1))
    if x < (here + next_one) / 2 then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function draw_text(ui, field, inner, state, has)
  local p = ui.paint
  local caret_x = p:width(p.BODY, utext.sub(field.text, 1, field.caret))
  -- First character that is shown: the caret stays inside the box.
  local first = math.min(state.first or 0, field.caret)
  local function from(index)
    return p:width(p.BODY, utext.sub(field.text, 1, index))
  end
  while caret_x - from(first) > inner.w - p:px(2) do
    first = first + 1
  end
  state.first = first
  local shift = from(first)
  local shown = utext.sub(field.text, first + 1)
  while shown ~= "" and p:width(p.BODY, shown) > inner.w do
    shown = utext.sub(shown, 1, utext.length(shown) - 1)
  end
  local height = p.heights[p.BODY]
  local y = inner.y + (inner.h - height) // 2
  local low, high = field:marked()
  if has and low ~= high then
    local x1 = inner.x + math.max(0, from(low) - shift)
    local x2 = inner.x + math.min(inner.w, from(high) - shift)
    p:fill(box.new(x1, y, x2 - x1, height), "select")
  end
  p:write(inner.x, y, shown, p.BODY, "text")
  if has and ui.focused then
    p:fill(box.new(inner.x + caret_x - shift, y, math.max(1, p:px(1)), height), "text")
  end
end

--- A line of text to edit; true when the text was changed.
-- @param style {placeholder=, glass=}
function M.field(ui, id, area, field, style)
  style = style or {}
  local p = ui.paint
  local state = ui:state(id)
  local before = field.text
  local has = ui:focusable(id, area)
  local inner = box.inset(area, p:px(8), 0)
  if style.glass then
    local mark
    mark, inner = box.cut(inner, "left", p:px(16), p:px(6))
    p:panel(area, "field", "edge")
    p:glass(mark, "dim")
  else
    p:panel(area, "field", "edge")
  end
  local input = ui.input
  if input.pressed and ui:over(area) then
    state.dragging = true
  end
  if state.dragging and input.down then
    local x = math.max(0, input.x - inner.x) + p:width(p.BODY, utext.sub(field.text, 1, state.first or 0))
    local at = caret_at(ui, field, x)
    if at ~= field.caret or input.pressed then
      field:move(at, not input.pressed)
      ui:redraw()
    end
    if input.double then
      field:mark_all()
      state.dragging = false
    end
  else
    state.dragging = false
  end
  if has and input.key and field:key(input.key) then
    input.key = nil
    ui:redraw()
  end
  if field.text == "" and style.placeholder then
    p:text(inner, style.placeholder, { colour = "dim" })
  end
  draw_text(ui, field, inner, state, has)
  if has then
    ui:ring(area)
  end
  return field.text ~= before
end

--- The bar beside what scrolls.
-- @param first, last the rows that are seen; count all of them
-- @return the first row that the mouse asks for, or nil
function M.scrollbar(ui, id, area, first, last, count)
  local seen = last - first + 1
  if seen >= count or area.h <= 0 then
    return nil
  end
  local p = ui.paint
  local state = ui:state(id)
  local height = math.max(p:px(24), area.h * seen // count)
  local room = area.h - height
  local y = area.y + room * (first - 1) // math.max(1, count - seen)
  local thumb = box.new(area.x, y, area.w, height)
  local input = ui.input
  local wanted = nil
  if input.pressed and ui:over(area) then
    state.grip = ui:over(thumb) and input.y - y or height // 2
  end
  if state.grip and input.down then
    local share = (input.y - state.grip - area.y) / math.max(1, room)
    wanted = 1 + math.floor(math.max(0, math.min(1, share)) * (count - seen) + 0.5)
  elseif not input.down then
    state.grip = nil
  end
  p:round(thumb, (state.grip or ui:over(thumb)) and "dim" or "edge", area.w // 2)
  return wanted ~= first and wanted or nil
end

--- A list; only the rows that are seen are drawn.
-- @param rows a `ui.list`
-- @param height of a row
-- @param draw function(row, area, selected, hover)
-- @param style {passive=true: the keys come from elsewhere, frame=false}
-- @return the row that was chosen by Enter or a double click, and true when the selection moved
function M.list(ui, id, area, rows, height, draw, style)
  style = style or {}
  local p = ui.paint
  local has = not style.passive and ui:focusable(id, area)
  if style.frame ~= false then
    p:panel(area, "field", "edge")
  end
  local inner = box.inset(area, p:px(2), p:px(2))
  rows:see(inner.h // height)
  local before, chosen = rows.at, nil
  local input = ui.input
  if has and input.key then
    if rows:key(input.key.name) then
      input.key = nil
      ui:redraw()
    elseif input.key.name == "enter" and not style.leave_enter then
      chosen = rows:row()
      input.key = chosen and nil or input.key
    end
  end
  if input.wheel ~= 0 and ui:over(area) then
    rows:scroll(input.wheel < 0 and 3 or -3)
    input.wheel = 0
    ui:redraw()
  end
  local first, last = rows:visible()
  local scrolls = last - first + 1 < #rows.rows
  local bar, body = box.cut(inner, "right", scrolls and p:px(8) or 0, scrolls and p:px(3) or 0)
  local y = body.y
  for index = first, last do
    local row = rows.rows[index]
    local cell = box.new(body.x, y, body.w, height)
    y = y + height
    local can = not rows.pickable or rows.pickable(row)
    local hover = can and ui:over(cell)
    if can and input.pressed and hover then
      rows.at = index
      ui:redraw()
      if input.double then
        chosen = row
      end
    end
    local selected = index == rows.at
    if selected then
      p:round(cell, "select", p:px(3))
    elseif hover then
      p:round(cell, "hover", p:px(3))
    end
    draw(row, box.inset(cell, p:px(8), 0), selected, hover)
  end
  local wanted = M.scrollbar(ui, id .. "/bar", bar, first, last, #rows.rows)
  if wanted then
    rows:scroll(wanted - rows.top)
    ui:redraw()
  end
  if has then
    ui:ring(area)
  end
  return chosen, rows.at ~= before
end

--- Give what draws the open list of a select (see `Ui:open_popup`).
-- @param anchor box of the select
-- @param choices a `ui.list` of {id, label}
-- @param pick function(id)
function M.choices(anchor, choices, pick)
  local typed, typed_at, first_frame = "", 0, true
  return function(ui)
    local p = ui.paint
    local row_height = p:px(24)
    local window = box.new(0, 0, gfx.w, gfx.h)
    local wanted = math.min(#choices.rows, 14) * row_height + p:px(4)
    local below = window.h - (anchor.y + anchor.h) - p:px(6)
    local above = anchor.y - p:px(6)
    local height = math.min(wanted, math.max(below, above))
    local y = anchor.y + anchor.h + p:px(2)
    if wanted > below and above > below then
      y = anchor.y - height - p:px(2)
    end
    local width = anchor.w
    for _, row in ipairs(choices.rows) do
      width = math.max(width, p:width(p.BODY, row.label) + p:px(40))
    end
    width = math.min(width, window.w - p:px(12))
    local x = math.max(p:px(6), math.min(anchor.x, window.w - width - p:px(6)))
    local area = box.new(x, y, width, height)
    p:round(box.new(area.x + p:px(2), area.y + p:px(3), area.w, area.h), { 0, 0, 0 }, nil, 0.28)
    local input = ui.input
    if not first_frame then
      if ui:take("escape", "tab") or (input.pressed and not ui:over(area)) then
        ui:close_popup()
        return
      end
      local now = reaper.time_precise()
      if now - typed_at > 1 then
        typed = ""
      end
      -- A space belongs to what is being typed.
      if ui:take("enter") or (typed == "" and ui:take("space")) then
        pick(choices:id())
        ui:close_popup()
        return
      end
      local key = input.key
      if key and choices:key(key.name) then
        input.key = nil
      elseif key and key.char then
        typed, typed_at = typed .. key.char, now
        local found = false
        for index, row in ipairs(choices.rows) do
          if utext.fold(row.label):find(utext.fold(typed), 1, true) == 1 then
            found = choices:select(index)
            break
          end
        end
        typed = found and typed or ""
      end
    end
    first_frame = false
    M.list(ui, "popup", area, choices, row_height, function(row, cell, selected)
      p:text(cell, row.label, { colour = selected and "on_select" or "text" })
    end, { passive = true })
    if input.released and ui:over(area) and choices:row() and ui.popup then
      local index = choices.top + (input.y - area.y - p:px(2)) // row_height
      if index == choices.at then
        pick(choices:id())
        ui:close_popup()
      end
    end
  end
end

return M
