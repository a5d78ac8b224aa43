-- What is chosen in the dialog: an entry, its options, its stems, and what happens with the results.
-- No drawing, and nothing of REAPER.
local json = require("json")

local M = {}
M.__index = M

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

--- Give the engine that an entry is separated with.
function M:engine_of(entry)
  if entry.kind == "model" then
    return entry.engine
  end
  if self.engine then
    return self.engine
  end
  return (self.ready.mvsep or not entry.preset.offline) and "mvsep" or "offline"
end

--- Give the catalogue's row for the entry; nil as long as it isn't known.
function M:model(entries)
  local entry = self.entry
  if not entry then
    return nil
  end
  if entry.kind == "model" then
    return entry.model
  end
  local engine = self:engine_of(entry)
  local recipe = entry.preset[engine] or {}
  local found = recipe.model and entries:model(engine, recipe.model)
    or entries:first(engine, self.ready.models)
  return found and found.model
end

--- Choose an entry; its options and stems come from the last time, from the preset, or from the defaults.
function M:choose(entry)
  if self.entry == entry then
    return
  end
  self.entry = entry
  self.wanted = entry.id
  self.options, self.kept = {}, {}
  self.touched = false
  local kept = self.kept_options[entry.id]
  if type(kept) == "table" then
    self.touched = true
    for name, key in pairs(kept) do
      self.options[name] = type(key) == "string" and key or nil
    end
  elseif entry.kind == "preset" then
    local recipe = entry.preset[self:engine_of(entry)] or {}
    for name, key in pairs(recipe.options or {}) do
      self.options[name] = key
    end
  end
  for id, wish in pairs(type(self.kept_stems[entry.id]) == "table" and self.kept_stems[entry.id] or {}) do
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
  local model = self:model(entries)
  if not model then
    local entry = self.entry
    local recipe = entry and entry.preset and entry.preset[self:engine_of(entry)]
    return recipe and recipe.stems or {}
  end
  local filled = {}
  for _, field in ipairs(model.fields) do
    filled[field.name] = self:value(field)
  end
  local promised = model.stems
  for _, promise in ipairs(model.promises or {}) do
    local fits = true
    for name, key in pairs(promise.options) do
      fits = fits and filled[name] == key
    end
    if fits then
      promised = promise.stems
      break
    end
  end
  return promised
end

-- A preset names the stems to keep; what else its model gives begins unchecked.
local function begins_dropped(self, id)
  local entry = self.entry
  if entry.kind ~= "preset" then
    return false
  end
  local recipe = entry.preset[self:engine_of(entry)] or {}
  if #(recipe.stems or {}) == 0 then
    return false
  end
  for _, stem in ipairs(recipe.stems) do
    if stem == id then
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
  local model = self:model(entries)
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

--- Give the order as `out.start` wants it, a preset spelt out (max_credits is set by who starts).
function M:order(entries)
  local entry = self.entry
  local engine = self:engine_of(entry)
  local model
  if entry.kind == "model" then
    model = entry.key
  else
    model = (entry.preset[engine] or {}).model
  end
  local options = {}
  local row = self:model(entries)
  if not model and row and self.touched then
    model = tostring(row.sep_type) -- options were set for the model that was shown
  end
  for name, key in pairs(self.options) do
    local known = row == nil
    for _, field in ipairs(row and row.fields or {}) do
      known = known or field.name == name
    end
    options[name] = known and key or nil
  end
  local promised, chosen = self:stems(entries), self:chosen_stems(entries)
  return {
    engine = engine,
    model = model,
    options = options,
    stems = (row == nil or #chosen < #promised) and chosen or {},
    rest = self.rest,
    residual = self.residual,
    where = self.where,
    original = self.original,
    mode = self.mode,
    nothing_to_send = not self:takes_input(entries) or nil,
  }
end

--- Give what is to be remembered, for `new`.
function M:memory()
  local options, stems = self.kept_options, self.kept_stems
  if self.entry then
    options[self.entry.id] = self.touched and self.options or nil
    stems[self.entry.id] = next(self.kept) and self.kept or nil
  end
  return {
    entry = self.wanted,
    engine = self.engine,
    options = options,
    stems = stems,
    rest = self.rest,
    residual = self.residual,
    where = self.where,
    original = self.original,
    mode = self.mode,
  }
end

return M
