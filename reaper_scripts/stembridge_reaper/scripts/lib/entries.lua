-- The list of the dialog: the user's own presets and the shipped ones, chains, then the models of each
-- engine; and the search through it.
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
  local entries = setmetatable({ presets = {}, own = {}, chains = {}, models = {}, by_id = {} }, M)
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

-- A chain's step without the nulls of JSON.
local function step_of(row)
  return {
    of = plain(row.of) or "",
    engine = plain(row.engine),
    model = plain(row.model),
    options = plain(row.options) or {},
    stems = plain(row.stems) or {},
    preset = plain(row.preset),
  }
end

local function saved_entry(row)
  local chain = plain(row.chain)
  local entry = {
    kind = chain and "chain" or "own",
    key = row.id,
    title = row.title,
    detail = row.gives,
    own = row.own == true,
    name = utext.fold(row.title),
    hay = utext.fold(("%s %s %s %s"):format(row.title, row.id, row.gives, chain and "chain" or "preset")),
  }
  entry.id = entry.kind .. ":" .. row.id
  if chain then
    entry.steps = {}
    for index, step in ipairs(chain) do
      entry.steps[index] = step_of(step)
    end
  else
    local order = row.order
    entry.order = {
      engine = plain(order.engine),
      model = plain(order.model),
      options = order.options,
      stems = order.stems,
      rest = order.rest == true,
      residual = order.residual == true,
      format = plain(order.format),
    }
  end
  return entry
end

--- Take over the rows of the core's query "presets": the user's own, and all chains. Those that were known
-- before go.
function M:take_presets(rows)
  for _, list in ipairs({ self.own, self.chains }) do
    for _, entry in ipairs(list) do
      self.by_id[entry.id] = nil
    end
  end
  self.own, self.chains = {}, {}
  for _, row in ipairs(rows) do
    local chain = plain(row.chain)
    if chain or row.own == true then
      local entry = saved_entry(row)
      local list = chain and self.chains or self.own
      list[#list + 1] = entry
      self.by_id[entry.id] = entry
    end
  end
end

--- Give the stems that a model promises with options (key by field); empty where only the result will tell.
function M.promised(model, options)
  for _, promise in ipairs(model.promises or {}) do
    local fits = true
    for name, key in pairs(promise.options) do
      local set = options[name]
      for _, field in ipairs(set == nil and model.fields or {}) do
        set = set or (field.name == name and plain(field.default)) or nil
      end
      fits = fits and set == key
    end
    if fits then
      return promise.stems
    end
  end
  return model.stems
end

--- Find a model's entry by its id, or by its name as a person writes it; `engine` may be nil for any.
function M:named(engine, model)
  local wanted = utext.fold(model)
  local by_name
  for _, entry in ipairs(self.models) do
    if not engine or entry.engine == engine then
      if entry.key == model then
        return entry
      elseif entry.name == wanted or utext.fold((entry.title:gsub("%s*%(.*$", ""))) == wanted then
        by_name = by_name or entry
      end
    end
  end
  return by_name
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

-- Whether an entry that isn't a model can be done by an engine; nil: by any.
local function can(entry, engine)
  if not engine then
    return true
  elseif entry.kind == "preset" then
    return engine ~= "offline" or entry.preset.offline ~= nil
  elseif entry.kind == "own" then
    return entry.order.engine == nil or entry.order.engine == engine
  end
  for _, step in ipairs(entry.steps) do
    if step.engine ~= nil and step.engine ~= engine then
      return false
    end
  end
  return true
end

--- Give the rows of the list: in each group, what has the words in its name comes first.
-- @param query what is searched for, as it was typed
-- @param engine nil for all, "offline" or "mvsep"
-- @return the rows, and how many of them can be chosen
function M:rows(query, engine)
  local needle = utext.fold(query)
  local rows, count = {}, 0
  local function group(title, list, wanted)
    local named, others = {}, {}
    for _, entry in ipairs(list) do
      if wanted(entry) and utext.matches(entry.hay, needle) then
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
  local function fits(entry)
    return can(entry, engine)
  end
  group("Your presets", self.own, fits)
  group("Presets", self.presets, fits)
  group("Chains", self.chains, fits)
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
