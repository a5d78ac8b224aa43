-- What is chosen in the dialog: an entry, its options, its stems, and what happens with the results.
-- No drawing, and nothing of REAPER.
local chains = require("chains")
local json = require("json")
local words = require("words")

local M = {}
M.__index = M

M.FORMAT = "wav32f"

local SERVICE = ""

local function plain(value)
  if value == json.null then
    return nil
  end
  return value
end

--- Begin with what was chosen last.
-- @param memory what `memory()` gave, or nil
-- @param settings see settings.lua: the defaults for the rest
function M.new(memory, settings)
  memory = memory or {}
  local function word(name, fallback)
    return type(memory[name]) == "string" and memory[name] or fallback
  end
  return setmetatable({
    entry = nil,
    wanted = word("entry", "preset:vocals"),
    engine = type(memory.engine) == "string" and memory.engine or nil,
    options = {},
    kept = {},
    kept_options = type(memory.options) == "table" and memory.options or {},
    kept_stems = type(memory.stems) == "table" and memory.stems or {},
    rest = memory.rest == true,
    residual = memory.residual == true,
    format = word("format", M.FORMAT),
    levels = memory.levels == true,
    where = word("where", settings.where),
    original = word("original", settings.original),
    mode = word("mode", settings.mode),
    ready = { offline = true },
  }, M)
end

--- Give which engines can be used, by the rows of the core's query "engines" (see `set_ready`).
function M.readiness(rows)
  local ready = { offline = false, mvsep = false, models = {} }
  for _, row in ipairs(rows) do
    if row.engine == "mvsep" and row.name == "key" then
      ready.mvsep = row.ready
    elseif row.engine == "offline" then
      ready.models[row.name] = row.ready
      ready.offline = ready.offline or row.ready
    end
  end
  return ready
end

-- What follows from the engine of a preset is worked out again.
local function again(self)
  local entry = self.entry
  if entry and entry.kind == "preset" and not self.touched then
    self.entry = nil
    self:choose(entry)
  end
end

--- Say which engines can be used: {offline = boolean, mvsep = boolean, models = {[its model] = boolean}}.
function M:set_ready(ready)
  self.ready = ready
  again(self)
end

--- Choose the engine; nil: MVSEP where there is a key, else this computer.
function M:set_engine(engine)
  self.engine = engine
  again(self)
end

local function standard_engine(self)
  return self.engine or (self.ready.mvsep and "mvsep" or "offline")
end

--- Give the engine that an entry is separated with; of a chain, the one that its steps need most.
function M:engine_of(entry)
  if entry.kind == "model" then
    return entry.engine
  elseif entry.kind == "own" then
    return entry.order.engine or entry.engine or standard_engine(self)
  elseif entry.kind == "chain" then
    for _, step in ipairs(entry.steps) do
      if step.engine ~= "offline" then
        return step.engine or standard_engine(self)
      end
    end
    return "offline"
  elseif self.engine then
    return self.engine
  end
  return (self.ready.mvsep or not entry.preset.offline) and "mvsep" or "offline"
end

-- What the entry itself says of the order: {model, options, stems}.
local function recipe_of(self)
  local entry = self.entry
  if entry.kind == "preset" then
    return entry.preset[self:engine_of(entry)] or {}
  end
  return entry.order or {}
end

--- Give the catalogue's row for the entry; nil as long as it isn't known, and for a chain.
function M:model(entries)
  local entry = self.entry
  if not entry or entry.kind == "chain" then
    return nil
  elseif entry.kind == "model" then
    return entry.model
  end
  local found
  if entry.kind == "own" and entry.order.model then
    found = entries:named(entry.order.engine, entry.order.model)
    entry.engine = found and found.engine -- where the preset leaves that to its model
    return found and found.model
  end
  local engine, model = self:engine_of(entry), recipe_of(self).model
  found = model and entries:model(engine, model) or entries:first(engine, self.ready.models)
  return found and found.model
end

-- An own preset brings what else it was saved with; what was set by hand comes back behind it.
local function take_extras(self, entry)
  if entry.kind == "own" then
    self.by_hand = self.by_hand or { rest = self.rest, residual = self.residual, format = self.format }
    self.rest, self.residual = entry.order.rest, entry.order.residual
    self.format = entry.order.format or M.FORMAT
  elseif self.by_hand then
    self.rest, self.residual = self.by_hand.rest, self.by_hand.residual
    self.format, self.by_hand = self.by_hand.format, nil
  end
end

--- Choose an entry; its options and stems come from the last time, from the preset, or from the defaults.
-- A preset of the user's own is always as it was saved.
function M:choose(entry)
  if self.entry == entry then
    return
  end
  self.entry = entry
  self.wanted = entry.id
  self.options, self.kept = {}, {}
  self.touched = false
  take_extras(self, entry)
  local own = entry.kind == "own"
  local kept = not own and self.kept_options[entry.id]
  if type(kept) == "table" then
    self.touched = true
    for name, key in pairs(kept) do
      self.options[name] = type(key) == "string" and key or nil
    end
  else
    for name, key in pairs(recipe_of(self).options or {}) do
      self.options[name] = key
    end
  end
  local stems = not own and self.kept_stems[entry.id]
  for id, wish in pairs(type(stems) == "table" and stems or {}) do
    self.kept[id] = wish == true
  end
end

--- Give the options of a field as {key, label}: the engine's own choice first where there is no default.
function M.field_options(field)
  local options = {}
  if plain(field.default) == nil then
    options[1] = { SERVICE, "As the service chooses" }
  end
  for _, option in ipairs(field.options) do
    options[#options + 1] = { option[1], option[2] }
  end
  return options
end

--- Give what a field stands at.
function M:value(field)
  return self.options[field.name] or plain(field.default) or SERVICE
end

--- Set a field; the default is kept as the absence of a choice.
function M:set_value(field, key)
  local standard = plain(field.default) or SERVICE
  self.options[field.name] = key ~= standard and key or nil
  self.touched = true
end

--- Give the stems that the order promises; empty where only the result will tell.
function M:stems(entries)
  local entry = self.entry
  if entry and entry.kind == "chain" then
    return chains.leaves(entry.steps, entries, self.ready, self.levels)
  end
  local model = self:model(entries)
  if not model then
    return entry and recipe_of(self).stems or {}
  end
  return entries.promised(model, self.options)
end

-- A preset names the stems to keep; what else its model gives begins unchecked.
local function begins_dropped(self, id)
  local stems = recipe_of(self).stems or {}
  if #stems == 0 then
    return false
  end
  for _, stem in ipairs(stems) do
    local wish = stem:lower() -- a person may write a stem's label into the file of presets
    if wish == id:lower() or wish == words.stem(id):lower() then
      return false
    end
  end
  return true
end

--- Tell whether a stem will be imported.
function M:keeps(id)
  if self.kept[id] == nil then
    return not begins_dropped(self, id)
  end
  return self.kept[id]
end

--- Import a stem, or don't.
function M:keep(id, wish)
  self.kept[id] = wish
end

--- Give the stems that will be imported.
function M:chosen_stems(entries)
  local chosen = {}
  for _, id in ipairs(self:stems(entries)) do
    if self:keeps(id) then
      chosen[#chosen + 1] = id
    end
  end
  return chosen
end

--- Say in a sentence why this can't be ordered; nil when it can.
function M:refusal(entries)
  local entry = self.entry
  if not entry then
    return "Choose a preset or a model."
  end
  local model = self:model(entries)
  local engine = self:engine_of(entry)
  if entry.kind == "preset" and not entry.preset[engine] then
    return "This computer can't do this preset by itself; it needs MVSEP."
  end
  if engine == "mvsep" and self.ready.mvsep == false then
    return "MVSEP needs your key: run `stembridge account login` in a terminal."
  end
  if entry.closed then
    return "MVSEP takes no orders for this model at the moment."
  end
  for _, field in ipairs(model and model.fields or {}) do
    if field.kind == "text" and self:value(field):match("^%s*$") then
      return ("Fill in the field '%s'."):format(field.text)
    end
  end
  local stems = self:stems(entries)
  if #stems > 0 and #self:chosen_stems(entries) == 0 then
    return "Choose at least one stem to import."
  end
  return nil
end

--- Tell whether the model takes audio at all.
function M:takes_input(entries)
  local model = self:model(entries)
  return not model or model.upload ~= false
end

-- What an order says besides its model.
local function with_extras(self, order)
  order.rest, order.residual, order.format = self.rest, self.residual, self.format
  order.where, order.original, order.mode = self.where, self.original, self.mode
  return order
end

local function chain_order(self, entries)
  local stems, chosen = self:stems(entries), self:chosen_stems(entries)
  return with_extras(self, {
    chain = self.entry.key,
    levels = self.levels or nil,
    steps = chains.orders(self.entry.steps, entries, self.ready),
    options = {},
    stems = #chosen < #stems and chosen or {},
  })
end

-- The options that the model knows.
local function known_options(self, row)
  local options = {}
  for name, key in pairs(self.options) do
    local known = row == nil
    for _, field in ipairs(row and row.fields or {}) do
      known = known or field.name == name
    end
    options[name] = known and key or nil
  end
  return options
end

--- Give the order as `out.start` wants it, a preset spelt out (max_credits is set by who starts).
function M:order(entries)
  local entry = self.entry
  if entry.kind == "chain" then
    return chain_order(self, entries)
  end
  local row = self:model(entries)
  local model = entry.kind == "model" and entry.key or recipe_of(self).model
  if not model and row and self.touched then
    model = tostring(row.sep_type) -- options were set for the model that was shown
  end
  local promised, chosen = self:stems(entries), self:chosen_stems(entries)
  local all = row ~= nil and #chosen == #promised
  return with_extras(self, {
    engine = self:engine_of(entry),
    model = model,
    options = known_options(self, row),
    stems = all and {} or chosen,
    nothing_to_send = not self:takes_input(entries) or nil,
  })
end

--- Give what is to be kept of the order as a preset of the user's own; nil of a chain.
function M:preset(entries)
  if not self.entry or self.entry.kind == "chain" then
    return nil
  end
  local order = self:order(entries)
  return {
    engine = order.engine,
    model = order.model,
    options = order.options,
    stems = json.array({ table.unpack(order.stems) }),
    rest = order.rest,
    residual = order.residual,
    format = order.format ~= M.FORMAT and order.format or nil,
  }
end

--- Give what is to be remembered, for `new`.
function M:memory()
  local options, stems = self.kept_options, self.kept_stems
  if self.entry then
    options[self.entry.id] = self.touched and self.options or nil
    stems[self.entry.id] = next(self.kept) and self.kept or nil
  end
  local extras = self.by_hand or self
  return {
    entry = self.wanted,
    engine = self.engine,
    options = options,
    stems = stems,
    rest = extras.rest,
    residual = extras.residual,
    format = extras.format,
    levels = self.levels,
    where = self.where,
    original = self.original,
    mode = self.mode,
  }
end

return M
