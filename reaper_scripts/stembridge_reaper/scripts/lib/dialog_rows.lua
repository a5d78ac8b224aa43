-- The right side of the dialog: the rows of the form for what is chosen.
local box = require("ui.box")
local choice_module = require("choice")
local field_module = require("ui.field")
local utext = require("ui.utext")
local widgets = require("ui.widgets")
local words = require("words")

local M = {}

local WHERE = {
  { "tracks", "New tracks below the source" },
  { "folder", "New tracks in a folder" },
  { "takes", "Takes of the item" },
}
local LANES = { "lanes", "Fixed lanes of the track" }
local ORIGINAL = {
  { "leave", "Leave as it is" },
  { "mute_item", "Mute the item" },
  { "mute_track", "Mute the track" },
}
local MODE = {
  { "auto", "Automatic" },
  { "source", "Source file: nothing rendered, edits stay live" },
  { "heard", "As heard: effects, fades and envelopes printed" },
  { "accessor", "Take: before track effects, transport untouched" },
}
local ENGINE = { { "auto", "Automatic" }, { "offline", "This computer" }, { "mvsep", "MVSEP" } }

M.ORIGINAL, M.MODE, M.ENGINE = ORIGINAL, MODE, ENGINE

--- Tell whether this REAPER has fixed lanes: version 7 has.
function M.has_lanes()
  local major = tonumber(reaper.GetAppVersion():match("^%s*(%d+)"))
  return major ~= nil and major >= 7
end

--- Give the places that stems can go to, as {key, label}.
function M.places()
  local places = table.move(WHERE, 1, #WHERE, 1, {})
  if M.has_lanes() then
    places[#places + 1] = LANES
  end
  return places
end

local function gap(height)
  return { h = height, draw = function() end }
end

local function heading(ui, text)
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

local function text_row(ui, text, width, style, most)
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

-- A label with its control: beside it, or above it where there is little room.
local function labelled(ui, width, label, id, draw)
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

local function field_row(ui, width, dialog, field)
  local id = "option:" .. dialog.choice.entry.id .. ":" .. field.name
  local choice = dialog.choice
  if field.kind == "text" then
    local texts = dialog.texts
    texts[id] = texts[id] or field_module.new(choice:value(field))
    return labelled(ui, width, field.text, id, function(area)
      if widgets.field(ui, id, area, texts[id], {}) then
        choice:set_value(field, texts[id].text)
        dialog:changed()
      end
    end)
  end
  local options = choice_module.field_options(field)
  return labelled(ui, width, field.text, id, function(area)
    local key, changed = widgets.select(ui, id, area, options, choice:value(field))
    if changed then
      choice:set_value(field, key)
      dialog:changed()
    end
  end)
end

local function checks_row(ui, width, checks)
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

local function add_stems(rows, ui, width, dialog)
  local p = ui.paint
  local choice = dialog.choice
  local stems = choice:stems(dialog.entries)
  local model = choice:model(dialog.entries)
  if model and model.kind ~= "stem" then
    return
  end
  rows[#rows + 1] = heading(ui, "Stems to import")
  if #stems == 0 then
    local text = "All that come: which stems there are is known when they are done."
    rows[#rows + 1] = text_row(ui, text, width, { colour = "dim" })
  else
    local checks = {}
    for index, id in ipairs(stems) do
      checks[index] = {
        id = "stem:" .. id,
        label = words.stem(id),
        swatch = words.stem_colour(id),
        value = choice:keeps(id),
        set = function(value)
          choice:keep(id, value)
          dialog:changed()
        end,
      }
    end
    rows[#rows + 1] = checks_row(ui, width, checks)
  end
  rows[#rows + 1] = gap(p:px(4))
  local function extra(name, label)
    return {
      id = "extra:" .. name,
      label = label,
      swatch = words.stem_colour(name),
      value = choice[name],
      set = function(value)
        choice[name] = value
        dialog:changed()
      end,
    }
  end
  rows[#rows + 1] = checks_row(ui, width, {
    extra("rest", "Rest: all but the chosen stems"),
    extra("residual", "Residual: what no stem holds"),
  })
end

local function add_result(rows, ui, width, dialog)
  local choice = dialog.choice
  rows[#rows + 1] = heading(ui, "Result")
  local function select_row(label, id, options, name)
    rows[#rows + 1] = labelled(ui, width, label, id, function(area)
      local key, changed = widgets.select(ui, id, area, options, choice[name])
      if changed then
        choice[name] = key
        dialog:changed()
      end
    end)
  end
  select_row("Place", "where", M.places(), "where")
  select_row("Original", "original", ORIGINAL, "original")
  rows[#rows + 1] = heading(ui, "How")
  rows[#rows + 1] = labelled(ui, width, "Engine", "engine", function(area)
    local key, changed = widgets.segments(ui, "engine", area, ENGINE, choice.engine or "auto")
    if changed then
      choice:set_engine(key ~= "auto" and key or nil)
      dialog:engine_changed()
    end
  end)
  rows[#rows + 1] = labelled(ui, width, "Audio", "mode", function(area)
    local key, changed = widgets.select(ui, "mode", area, MODE, choice.mode)
    if changed then
      choice.mode = key
      dialog:mode_changed()
    end
  end)
end

--- Build the rows for a width.
function M.build(ui, dialog, width)
  local p = ui.paint
  local choice = dialog.choice
  local entry = choice.entry
  if not entry then
    local text = dialog.loading and "Asking Stembridge for its models…"
      or "Choose a preset or a model on the left."
    return { text_row(ui, text, width, { colour = "dim" }) }
  end
  local rows = {}
  local model = choice:model(dialog.entries)
  rows[1] = text_row(ui, entry.title, width, { font = p.TITLE }, 2)
  rows[2] = gap(p:px(2))
  local summary
  if entry.kind == "preset" then
    summary = "Gives " .. entry.preset.gives .. "."
    if model then
      summary = summary .. " Model: " .. model.name .. "."
    end
  else
    summary = model.summary
  end
  rows[3] = text_row(ui, summary, width, { colour = "dim" }, 3)
  if model and #model.fields > 0 then
    rows[#rows + 1] = heading(ui, "Options")
    for _, field in ipairs(model.fields) do
      rows[#rows + 1] = field_row(ui, width, dialog, field)
    end
  end
  add_stems(rows, ui, width, dialog)
  add_result(rows, ui, width, dialog)
  return rows
end

return M
