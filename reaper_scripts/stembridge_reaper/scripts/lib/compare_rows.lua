-- The right side of the dialog where models are compared: which ones, and what becomes of their stems.
local box = require("ui.box")
local dialog_rows = require("dialog_rows")
local form_rows = require("ui.rows")
local widgets = require("ui.widgets")

local M = {}

local TAKES = { "takes", "Takes: an item for each stem" }
local LANES = { "lanes", "Fixed lanes: one for each model" }

local function where_options()
  return dialog_rows.has_lanes() and { TAKES, LANES } or { TAKES }
end

-- A model that is compared, with the button that takes it out.
local function chosen_row(ui, dialog, number, entry)
  local p = ui.paint
  local id = "out:" .. entry.id
  local label = "Remove"
  return {
    h = p:px(44),
    ids = { id },
    draw = function(_, area)
      local frame = box.new(area.x, area.y, area.w, p:px(40))
      p:panel(frame, "raised", "line")
      local inner = box.inset(frame, p:px(10), p:px(3))
      local button, text = box.cut(inner, "right", widgets.button_width(ui, label), p:px(10))
      local top, below = box.cut(text, "top", p:px(18))
      p:text(top, ("%d. %s"):format(number, entry.title), { font = p.BOLD })
      p:text(box.new(below.x, below.y, below.w, p:px(16)), entry.detail, { font = p.SMALL, colour = "dim" })
      local cell = box.new(button.x, button.y + p:px(4), button.w, p:px(26))
      if widgets.button(ui, id, cell, label) then
        dialog:toggle(entry)
      end
    end,
  }
end

--- Build the rows for a width.
function M.build(ui, dialog, width)
  local p = ui.paint
  local comparison = dialog.comparison
  local rows = { form_rows.text(ui, "Compare", width, { font = p.TITLE }, 1) }
  local text = "Two to four models get the same audio. Their stems come together in one undo step, and with "
    .. "them a page that measures them against each other."
  rows[2] = form_rows.text(ui, text, width, { colour = "dim" }, 4)
  rows[3] = form_rows.gap(p:px(8))
  for number, entry in ipairs(comparison.chosen) do
    rows[#rows + 1] = chosen_row(ui, dialog, number, entry)
  end
  local more = #comparison.chosen < comparison.LEAST
      and "Mark models on the left: Enter, or a click on the box."
    or (dialog.full and "Four are the most: take one out first." or nil)
  if more then
    rows[#rows + 1] = form_rows.text(ui, more, width, { colour = dialog.full and "warn" or "dim" }, 2)
  end
  local function changed()
    dialog:changed()
  end
  rows[#rows + 1] = form_rows.heading(ui, "Result")
  rows[#rows + 1] = dialog_rows.select(ui, width, "Place", "where", where_options(), comparison, changed)
  rows[#rows + 1] =
    dialog_rows.select(ui, width, "Original", "original", dialog_rows.ORIGINAL, dialog.choice, changed)
  dialog_rows.add_how(rows, ui, width, dialog)
  return rows
end

return M
