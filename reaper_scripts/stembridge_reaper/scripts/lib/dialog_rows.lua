-- The right side of the dialog: the rows of the form for what is chosen.
local chains = require("chains")
local choice_module = require("choice")
local field_module = require("ui.field")
local form_rows = require("ui.rows")
local tables = require("tables")
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

M.ORIGINAL, M.MODE = ORIGINAL, MODE

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

local function field_row(ui, width, dialog, field)
  local id = "option:" .. dialog.choice.entry.id .. ":" .. field.name
  local choice = dialog.choice
  if field.kind == "text" then
    local texts = dialog.texts
    texts[id] = texts[id] or field_module.new(choice:value(field))
    return form_rows.labelled(ui, width, field.text, id, function(area)
      if widgets.field(ui, id, area, texts[id], {}) then
        choice:set_value(field, texts[id].text)
        dialog:changed()
      end
    end)
  end
  local options = choice_module.field_options(field)
  return form_rows.labelled(ui, width, field.text, id, function(area)
    local key, changed = widgets.select(ui, id, area, options, choice:value(field))
    if changed then
      choice:set_value(field, key)
      dialog:changed()
    end
  end)
end

local function add_stems(rows, ui, width, dialog)
  local p = ui.paint
  local choice = dialog.choice
  local stems = choice:stems(dialog.entries)
  local model = choice:model(dialog.entries)
  if model and model.kind ~= "stem" then
    return
  end
  rows[#rows + 1] = form_rows.heading(ui, "Stems to import")
  if #stems == 0 then
    local text = "All that come: which stems there are is known when they are done."
    rows[#rows + 1] = form_rows.text(ui, text, width, { colour = "dim" })
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
    rows[#rows + 1] = form_rows.checks(ui, width, checks)
  end
  rows[#rows + 1] = form_rows.gap(p:px(4))
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
  local extras = {
    extra("rest", "Rest: all but the chosen stems"),
    extra("residual", "Residual: what no stem holds"),
  }
  if choice.entry.kind == "chain" then
    extras[3] = extra("levels", "Also what the chain takes apart further")
    extras[3].swatch = nil
  end
  rows[#rows + 1] = form_rows.checks(ui, width, extras)
end

-- A preset for each of several items.
local function add_each(rows, ui, width, dialog)
  local each = dialog.each
  if not each:fits() then
    return
  end
  rows[#rows + 1] = form_rows.heading(ui, "Items")
  rows[#rows + 1] = form_rows.checks(ui, width, {
    {
      id = "each",
      label = "A preset for each of them",
      value = each.on,
      set = function(value)
        each.on = value
        dialog:changed()
      end,
    },
  })
  local options = each.on and each:options()
  for index, job in ipairs(each.on and dialog:jobs() or {}) do
    local id = "each:" .. index
    rows[#rows + 1] = form_rows.labelled(ui, width, job.words, id, function(area)
      local key, changed = widgets.select(ui, id, area, options, each:value(job))
      if changed then
        each:pick(job, key)
      end
    end)
  end
end

-- The formats that fit a project; another one only where a preset asks for it.
local function formats(chosen)
  local options = {}
  for _, row in ipairs(tables.FORMATS) do
    if row.lossless or row.id == chosen then
      options[#options + 1] = { row.id, row.label }
    end
  end
  return options
end

--- A select for what stands in a field of a table; `changed` is told.
function M.select(ui, width, label, id, options, holder, changed)
  return form_rows.labelled(ui, width, label, id, function(area)
    local key, hit = widgets.select(ui, id, area, options, holder[id])
    if hit then
      holder[id] = key
      changed()
    end
  end)
end

--- The rows of "How": engine, audio, files.
function M.add_how(rows, ui, width, dialog)
  local choice = dialog.choice
  rows[#rows + 1] = form_rows.heading(ui, "How")
  rows[#rows + 1] = form_rows.labelled(ui, width, "Engine", "engine", function(area)
    local key, changed = widgets.segments(ui, "engine", area, ENGINE, choice.engine or "auto")
    if changed then
      choice:set_engine(key ~= "auto" and key or nil)
      dialog:engine_changed()
    end
  end)
  rows[#rows + 1] = M.select(ui, width, "Audio", "mode", MODE, choice, function()
    dialog:mode_changed()
  end)
  local function changed()
    dialog:changed()
  end
  rows[#rows + 1] = M.select(ui, width, "Files", "format", formats(choice.format), choice, changed)
end

local function add_result(rows, ui, width, dialog)
  local choice = dialog.choice
  local function changed()
    dialog:changed()
  end
  rows[#rows + 1] = form_rows.heading(ui, "Result")
  rows[#rows + 1] = M.select(ui, width, "Place", "where", M.places(), choice, changed)
  rows[#rows + 1] = M.select(ui, width, "Original", "original", ORIGINAL, choice, changed)
end

-- What comes of the entry, in a sentence or two.
local function summary_of(dialog, model)
  local entry = dialog.choice.entry
  if entry.kind == "model" then
    return model.summary
  end
  local gives = entry.kind == "preset" and entry.preset.gives or entry.detail
  local summary = ("Gives %s."):format((gives:gsub("%.$", "")))
  if model and entry.kind == "preset" then
    summary = ("%s Model: %s."):format(summary, model.name)
  end
  return summary
end

-- A chain's steps, in their order.
local function add_steps(rows, ui, width, dialog)
  rows[#rows + 1] = form_rows.heading(ui, "Steps")
  for index, step in ipairs(dialog.choice.entry.steps) do
    local recipe = chains.recipe(step, dialog.entries, dialog.choice.ready)
    local model = recipe.model and dialog.entries:named(recipe.engine, recipe.model)
    local of = step.of == "" and "The selection" or words.stem(chains.id_of(step.of))
    local with = model and model.title or recipe.model or "the engine's own choice"
    local text = ("%d. %s, with %s"):format(index, of, with)
    rows[#rows + 1] = form_rows.text(ui, text, width, { colour = "dim" }, 2)
  end
end

--- Build the rows for a width.
function M.build(ui, dialog, width)
  local p = ui.paint
  local choice = dialog.choice
  local entry = choice.entry
  if not entry then
    local text = dialog:loading() and "Asking Stembridge for its models…"
      or "Choose a preset or a model on the left."
    return { form_rows.text(ui, text, width, { colour = "dim" }) }
  end
  local rows = {}
  local model = choice:model(dialog.entries)
  rows[1] = form_rows.text(ui, entry.title, width, { font = p.TITLE }, 2)
  rows[2] = form_rows.gap(p:px(2))
  rows[3] = form_rows.text(ui, summary_of(dialog, model), width, { colour = "dim" }, 3)
  if model and #model.fields > 0 then
    rows[#rows + 1] = form_rows.heading(ui, "Options")
    for _, field in ipairs(model.fields) do
      rows[#rows + 1] = field_row(ui, width, dialog, field)
    end
  end
  if entry.kind == "chain" then
    add_steps(rows, ui, width, dialog)
  end
  add_stems(rows, ui, width, dialog)
  add_result(rows, ui, width, dialog)
  M.add_how(rows, ui, width, dialog)
  add_each(rows, ui, width, dialog)
  return rows
end

return M
