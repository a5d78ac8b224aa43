-- Rows of a form (see `ui.form`) that several windows have: headings, texts, labelled controls, check boxes.
local box = require("ui.box")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}

--- Leave room.
function M.gap(height)
  return { h = height, draw = function() end }
end

--- Name what follows; it stays with the row below it.
function M.heading(ui, text)
  local p = ui.paint
  return {
    h = p:px(30),
    keep = true,
    draw = function(_, area)
      local line = box.new(area.x, area.y + p:px(6), area.w, area.h - p:px(8))
      p:text(line, text, { font = p.BOLD })
    end,
  }
end

--- Write a text in as many lines as it needs, `most` at most.
function M.text(ui, text, width, style, most)
  local p = ui.paint
  local font = style.font or p.BODY
  local lines = utext.wrap(text, width, p:measure(font), most)
  return {
    h = #lines * p.heights[font],
    draw = function(_, area)
      p:lines(area, lines, style)
    end,
  }
end

--- A label with its control: beside it, or above it where there is little room.
function M.labelled(ui, width, label, id, draw)
  local p = ui.paint
  local tall = p:px(26)
  local left = math.min(p:px(170), width * 2 // 5)
  if width < p:px(330) or p:width(p.BODY, label) > left - p:px(10) then
    return {
      h = p:px(21) + tall + p:px(8),
      ids = { id },
      draw = function(_, area)
        p:text(box.new(area.x, area.y, area.w, p:px(18)), label, { colour = "dim" })
        draw(box.new(area.x, area.y + p:px(21), area.w, tall))
      end,
    }
  end
  return {
    h = tall + p:px(7),
    ids = { id },
    draw = function(_, area)
      p:text(box.new(area.x, area.y, left - p:px(8), tall), label, { colour = "dim" })
      draw(box.new(area.x + left, area.y, area.w - left, tall))
    end,
  }
end

--- Check boxes in as many lines as they need.
-- @param checks a list of {id, label, swatch, value, set=function(value)}
function M.checks(ui, width, checks)
  local p = ui.paint
  local tall = p:px(24)
  local widths, ids = {}, {}
  for index, check in ipairs(checks) do
    widths[index] = math.min(width, widgets.check_width(ui, check.label, check.swatch))
    ids[index] = check.id
  end
  local places, count = box.flow(widths, width, p:px(14))
  return {
    h = count * tall,
    ids = ids,
    draw = function(_, area)
      for index, check in ipairs(checks) do
        local place = places[index]
        local cell = box.new(area.x + place.x, area.y + place.row * tall, widths[index], tall)
        local value, changed =
          widgets.check(ui, check.id, cell, check.label, check.value, { swatch = check.swatch })
        if changed then
          check.set(value)
        end
      end
    end,
  }
end

--- Buttons side by side.
-- @param buttons a list of {id, label, act=function(), disabled=}
function M.buttons(ui, width, buttons)
  local p = ui.paint
  local tall = p:px(26)
  local widths, ids = {}, {}
  for index, button in ipairs(buttons) do
    widths[index] = math.min(width, widgets.button_width(ui, button.label))
    ids[index] = button.id
  end
  local places, count = box.flow(widths, width, p:px(8))
  return {
    h = count * (tall + p:px(6)),
    ids = ids,
    draw = function(_, area)
      for index, button in ipairs(buttons) do
        local place = places[index]
        local cell = box.new(area.x + place.x, area.y + place.row * (tall + p:px(6)), widths[index], tall)
        if widgets.button(ui, button.id, cell, button.label, { disabled = button.disabled }) then
          button.act()
        end
      end
    end,
  }
end

return M
