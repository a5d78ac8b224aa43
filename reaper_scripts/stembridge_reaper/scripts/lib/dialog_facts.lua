-- What the dialog asks the core for: its models, which engines are ready, presets and chains. A little is
-- taken in each tick.
local core = require("core")

local M = {}
M.__index = M

-- Rows of the catalogue that are taken in per tick.
local SLICE = 8

--- Begin to ask.
-- @param entries where models, presets and chains go
-- @param events {engines=function(rows), presets=function(), more=function(): the catalogue is there,
--   trouble=function(error)}
function M.new(entries, events)
  return setmetatable({
    entries = entries,
    events = events,
    catalogue = core.query("catalogue"),
    engines = core.query("engines"),
    presets = core.query("presets"),
    fresh = {},
    loading = true,
  }, M)
end

--- Ask for the presets once more.
function M:ask_presets()
  if self.presets then
    self.presets:cancel()
  end
  self.presets = core.query("presets")
end

-- Give an answer that has come, once.
local function answer_of(self, name)
  local answer = self[name] and self[name]:poll()
  if answer then
    self[name] = nil
  end
  return answer
end

local function read_catalogue(self)
  local answer = answer_of(self, "catalogue")
  if answer and answer.error then
    self.loading = false
    self.events.trouble(answer.error)
    return true
  elseif answer then
    self.fresh = answer.rows
  elseif self.catalogue or not self.loading then
    return false
  end
  local taken = math.min(SLICE, #self.fresh)
  for index = 1, taken do
    self.entries:add(self.fresh[index])
  end
  self.fresh = table.move(self.fresh, taken + 1, #self.fresh, 1, {})
  if #self.fresh == 0 then
    self.loading = false
    self.events.more()
  end
  return true
end

--- Go on; true when something changed.
function M:tick()
  local changed = false
  local answer = answer_of(self, "engines")
  if answer then
    changed = true
    if answer.rows then
      self.events.engines(answer.rows)
    end
  end
  answer = answer_of(self, "presets")
  if answer then
    changed = true
    if answer.rows then
      self.entries:take_presets(answer.rows)
    end
    self.events.presets(answer.error)
  end
  return read_catalogue(self) or changed
end

--- Give up what is still being asked.
function M:close()
  for _, name in ipairs({ "catalogue", "engines", "presets" }) do
    if self[name] then
      self[name]:cancel()
      self[name] = nil
    end
  end
end

return M
