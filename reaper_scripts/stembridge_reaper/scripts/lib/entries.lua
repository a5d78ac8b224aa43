-- The list of the dialog: presets first, then the models of each engine; and the search through it.
local json = require("json")
local tables = require("tables")
local utext = require("ui.utext")

local M = {}
M.__index = M

local ENGINES = { offline = "On this computer", mvsep = "MVSEP" }

local function plain(value)
  if value == json.null then
    return nil
  end
  return value
end

function M.new()
  local entries = setmetatable({ presets = {}, models = {}, by_id = {} }, M)
  for _, preset in ipairs(tables.PRESETS) do
    local row = {
      id = "preset:" .. preset.id,
      kind = "preset",
      title = preset.title,
      detail = preset.gives,
      preset = preset,
      name = utext.fold(preset.title),
      hay = utext.fold(preset.title .. " " .. preset.gives .. " preset"),
    }
    entries.presets[#entries.presets + 1] = row
    entries.by_id[row.id] = row
  end
  return entries
end

--- Give the id of a model's entry.
function M.model_id(engine, model)
  return "model:" .. engine .. ":" .. model
end

--- Add a row of the core's catalogue.
function M:add(row)
  local id = tostring(row.sep_type)
  local stems = table.concat(row.stems, " ")
  local hay = { row.name, row.summary, stems, row.kind, ENGINES[row.engine] or row.engine }
  for _, field in ipairs(row.fields) do
    hay[#hay + 1] = field.text
    for _, option in ipairs(field.options) do
      hay[#hay + 1] = option[2]
    end
  end
  local entry = {
    id = M.model_id(row.engine, id),
    kind = "model",
    title = row.name,
    detail = #row.stems > 0 and table.concat(row.stems, ", ") or row.summary,
    model = row,
    engine = row.engine,
    key = id,
    usage = plain(row.usage),
    closed = row.active == false,
    name = utext.fold(row.name),
    hay = utext.fold(table.concat(hay, " ")),
  }
  if not self.by_id[entry.id] then
    self.models[#self.models + 1] = entry
  end
  self.by_id[entry.id] = entry
end

--- Give the entry of a model; nil as long as the catalogue has none of it.
function M:model(engine, key)
  return self.by_id[M.model_id(engine, key)]
end

--- Give an engine's first model, for orders that leave the choice to it.
-- @param ready which of its models can be used now; nil: not known
function M:first(engine, ready)
  for _, entry in ipairs(self.models) do
    if entry.engine == engine and (not ready or ready[entry.key]) then
      return entry
    end
  end
  return nil
end

local function heading(title)
  return { kind = "heading", title = title }
end

local function can(preset, engine)
  return engine ~= "offline" or preset.offline ~= nil
end

--- Give the rows of the list: in each group, what has the words in its name comes first.
-- @param query what is searched for, as it was typed
-- @param engine nil for all, "offline" or "mvsep"
-- @return the rows, and how many of them can be chosen
function M:rows(query, engine)
  local needle = utext.fold(query)
  local rows, count = {}, 0
  local function group(title, list, fits)
    local named, others = {}, {}
    for _, entry in ipairs(list) do
      if fits(entry) and utext.matches(entry.hay, needle) then
        local better = utext.matches(entry.name, needle) and named or others
        better[#better + 1] = entry
      end
    end
    if #named + #others > 0 then
      rows[#rows + 1] = heading(title)
      table.move(named, 1, #named, #rows + 1, rows)
      table.move(others, 1, #others, #rows + 1, rows)
      count = count + #named + #others
    end
  end
  group("Presets", self.presets, function(entry)
    return can(entry.preset, engine)
  end)
  local order, seen = { "offline", "mvsep" }, { offline = true, mvsep = true }
  for _, entry in ipairs(self.models) do
    if not seen[entry.engine] then
      seen[entry.engine] = true
      order[#order + 1] = entry.engine
    end
  end
  for _, name in ipairs(order) do
    if not engine or engine == name then
      group(ENGINES[name] or name, self.models, function(entry)
        return entry.engine == name
      end)
    end
  end
  return rows, count
end

return M
