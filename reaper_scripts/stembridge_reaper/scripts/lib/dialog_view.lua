-- How the dialog looks: the selection on top, the list on the left, the form on the right, the start below.
local box = require("ui.box")
local compare_rows = require("compare_rows")
local dialog_rows = require("dialog_rows")
local form = require("ui.form")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}

-- The lines below the header's first: at most `most`.
local function header_lines(ui, width, dialog, most)
  local p = ui.paint
  return utext.wrap(dialog.selection.told.detail, width - p:px(32), p:measure(p.BODY), most)
end

local function header(ui, area, dialog, lines)
  local p = ui.paint
  p:fill(area, "raised")
  p:fill(box.new(area.x, area.y + area.h - 1, area.w, 1), "line")
  local inner = box.inset(area, p:px(16), p:px(10))
  local told = dialog.selection.told
  local first = box.cut(inner, "top", p:px(20))
  p:text(first, told.title, { font = p.BOLD, colour = told.refused and "bad" or "text" })
  local rest = box.new(inner.x, inner.y + p:px(21), inner.w, inner.h - p:px(21))
  p:lines(rest, lines, { colour = "dim" })
end

local function left_side(ui, area, dialog)
  local p = ui.paint
  local search, rest = box.cut(area, "top", p:px(28), p:px(8))
  local changed = widgets.field(ui, "search", search, dialog.search, {
    glass = true,
    placeholder = "Search presets and models",
  })
  if changed then
    dialog:filter()
  end
  if ui.focus.id == "search" then
    local key = ui:take("up", "down", "pageup", "pagedown")
    if key then
      dialog.list:key(key.name)
      dialog:pick()
    end
  end
  local compared = dialog.comparison
  local toggled = nil
  -- The rows fill the list: no gap is left at its end.
  local space = rest.h - p:px(4)
  local row_height = space // math.max(1, space // p:px(38))
  local _, moved = widgets.list(ui, "list", rest, dialog.list, row_height, function(row, cell, selected)
    if row.kind == "heading" then
      local line = box.new(cell.x, cell.y + cell.h - p:px(22), cell.w, p:px(20))
      p:text(line, row.title, { font = p.BOLD, colour = "dim" })
      return
    end
    if compared then
      local mark
      mark, cell = box.cut(cell, "left", p:px(16), p:px(8))
      mark = box.new(mark.x, cell.y + (cell.h - mark.w) // 2, mark.w, mark.w)
      local marked = compared:has(row)
      p:panel(mark, marked and "accent" or "field", marked and "accent" or "edge")
      if marked then
        p:tick(mark, "on_accent")
      end
      if ui:clicked("mark:" .. row.id, mark) then
        toggled = row
      end
    end
    local middle = cell.y + (cell.h - p:px(35)) // 2
    local top = box.new(cell.x, middle, cell.w, p:px(18))
    local below = box.new(cell.x, middle + p:px(18), cell.w, p:px(16))
    p:text(top, row.title, { colour = selected and "on_select" or "text" })
    p:text(below, row.detail, { font = p.SMALL, colour = selected and "dim_select" or "dim" })
  end, { leave_enter = true })
  if moved then
    dialog:pick()
  end
  local there = compared and (ui.focus.id == "search" or ui.focus.id == "list")
  if there and ui:take("enter") or (compared and ui.focus.id == "list" and ui:take("space")) then
    toggled = dialog.list:row()
  end
  if toggled then
    dialog:toggle(toggled)
    ui:redraw()
  end
  if #dialog.list.rows == 0 then
    local text = dialog.search.text == "" and "No models."
      or ("Nothing matches '%s'."):format(dialog.search.text)
    p:text(
      box.new(rest.x + p:px(12), rest.y + p:px(10), rest.w - p:px(24), p:px(20)),
      text,
      { colour = "dim" }
    )
  elseif dialog:loading() and dialog.search.text == "" then
    local note = box.new(rest.x + p:px(10), rest.y + rest.h - p:px(24), rest.w - p:px(20), p:px(20))
    p:text(note, "Loading the models…", { font = p.SMALL, colour = "dim" })
  end
end

-- Below the list: what is chosen becomes a preset of the user's own, or is one and goes.
local function preset_buttons(ui, area, dialog)
  local p = ui.paint
  local presets = dialog.presets
  local save, rest = box.cut(area, "left", widgets.button_width(ui, "Save as preset…"), p:px(8))
  if widgets.button(ui, "save_preset", save, "Save as preset…", { disabled = not presets:can_save() }) then
    presets:save()
    ui.focus:set("search") -- the button is gone for the while, and its neighbour would be Cancel
  end
  if presets:own() then
    local remove = box.cut(rest, "left", widgets.button_width(ui, "Remove"))
    if widgets.button(ui, "remove_preset", remove, "Remove") then
      presets:remove()
      ui.focus:set("search")
    end
  end
end

local function footer(ui, area, dialog)
  local p = ui.paint
  p:fill(area, "raised")
  p:fill(box.new(area.x, area.y, area.w, 1), "line")
  local inner = box.inset(area, p:px(16), p:px(11))
  local tall = p:px(30)
  local start_label = dialog.starting and "Starting…" or (dialog.comparison and "Compare" or "Separate")
  local start_width = widgets.button_width(ui, start_label, true)
  local cancel_width = widgets.button_width(ui, "Cancel")
  local y = inner.y + (inner.h - tall) // 2
  local start = box.new(inner.x + inner.w - start_width, y, start_width, tall)
  local cancel = box.new(start.x - p:px(8) - cancel_width, y, cancel_width, tall)
  local said = dialog:cost_words()
  local text = box.new(inner.x, inner.y, cancel.x - p:px(16) - inner.x, inner.h)
  local whole = table.concat({ said.text, table.unpack(said.more) }, " ")
  local most = math.max(1, text.h // p.heights[p.BODY])
  local lines = utext.wrap(whole, text.w, p:measure(p.BODY), most)
  local height = #lines * p.heights[p.BODY]
  p:lines(box.new(text.x, text.y + (text.h - height) // 2, text.w, height), lines, { colour = said.kind })
  if widgets.button(ui, "cancel", cancel, "Cancel") then
    dialog:cancel()
  end
  local blocked = dialog:blocked() ~= nil or dialog.starting
  if widgets.button(ui, "start", start, start_label, { primary = true, disabled = blocked }) then
    dialog:start()
  end
end

--- Draw a frame of the dialog.
function M.draw(ui, area, dialog)
  local p = ui.paint
  local narrow = area.w < p:px(600)
  local short = area.h < p:px(440)
  local lines = header_lines(ui, area.w, dialog, short and 1 or 3)
  local head, body = box.cut(area, "top", p:px(42) + #lines * p.heights[p.BODY])
  local foot
  foot, body = box.cut(body, "bottom", p:px(narrow and 76 or 60))
  body = box.inset(body, p:px(16), p:px(short and 8 or 14))
  local left, right
  if narrow then
    left, right = box.cut(body, "top", math.max(p:px(124), body.h * 2 // 5), p:px(10))
  else
    left, right = box.cut(body, "left", math.min(p:px(330), body.w * 2 // 5), p:px(20))
  end
  header(ui, head, dialog, lines)
  local strip
  if not dialog.comparison then
    strip, left = box.cut(left, "bottom", p:px(26), p:px(8))
  end
  left_side(ui, left, dialog)
  local build = dialog.comparison and compare_rows.build or dialog_rows.build
  form.show(ui, "form", right, build(ui, dialog, right.w - p:px(16)))
  if strip then -- behind the form in Tab's order: it is seldom wanted
    preset_buttons(ui, strip, dialog)
  end
  footer(ui, foot, dialog)
  -- What no widget wanted: Esc closes, Enter starts, typing searches.
  if ui:take("escape") then
    dialog:escape()
  elseif ui:take("enter") then
    dialog:start()
  elseif ui.input.key and ui.input.key.char and ui.input.key.char ~= " " then
    local key = ui:take_char()
    ui.focus:set("search")
    dialog.search:mark_all()
    dialog.search:insert(key.char)
    dialog:filter()
  end
end

return M
