-- A column of rows of different heights that scrolls by whole rows, and follows the keyboard.
local box = require("ui.box")
local pickers = require("ui.pickers")

local M = {}

local function holding(rows, id)
  for index, row in ipairs(rows) do
    for _, one in ipairs(row.ids or {}) do
      if one == id then
        return index
      end
    end
  end
  return nil
end

-- The first row on top with which row `index` is seen whole.
local function top_for(heights, index, space)
  local used, top = 0, index
  for at = index, 1, -1 do
    used = used + heights[at]
    if used > space then
      break
    end
    top = at
  end
  return top
end

--- Show rows.
-- @param rows a list of {h=, ids={names of its widgets}, draw=function(ui, area)}; a heading has keep=true:
--   it comes into sight with the row below it
function M.show(ui, id, area, rows)
  local p = ui.paint
  local state = ui:state(id)
  local heights = {}
  for index, row in ipairs(rows) do
    heights[index] = row.h
  end
  local total = 0
  for _, height in ipairs(heights) do
    total = total + height
  end
  local scrolls = total > area.h
  local last_top = scrolls and box.last_top(heights, area.h) or 1
  state.top = math.max(1, math.min(state.top or 1, last_top))
  if ui.focus.id ~= state.focus then
    state.focus = ui.focus.id
    local index = holding(rows, ui.focus.id)
    if index then
      local shown = box.page(heights, state.top, area.h)
      if index < state.top then
        state.top = (index > 1 and rows[index - 1].keep) and index - 1 or index
      elseif index > shown then
        state.top = top_for(heights, index, area.h)
      end
    end
  end
  local input = ui.input
  if scrolls and input.wheel ~= 0 and ui:over(area) then
    state.top = math.max(1, math.min(last_top, state.top + (input.wheel < 0 and 1 or -1)))
    input.wheel = 0
    ui:redraw()
  end
  local bar, body = box.cut(area, "right", scrolls and p:px(8) or 0, scrolls and p:px(8) or 0)
  local first, last = state.top, box.page(heights, state.top, area.h)
  local y = body.y
  for index, row in ipairs(rows) do
    if index >= first and index <= last then
      row.draw(ui, box.new(body.x, y, body.w, row.h))
      y = y + row.h
    else
      for _, one in ipairs(row.ids or {}) do
        ui.focus:add(one)
      end
    end
  end
  if scrolls then
    local wanted = pickers.scrollbar(ui, id .. "/bar", bar, first, first + (#rows - last_top), #rows)
    if wanted then
      state.top = math.max(1, math.min(last_top, wanted))
      ui:redraw()
    end
  end
end

return M
