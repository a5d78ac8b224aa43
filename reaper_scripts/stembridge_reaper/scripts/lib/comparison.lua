-- Which models are compared: two to four, each as its preset or its defaults say. No drawing.
local choice = require("choice")
local json = require("json")

local M = {}
M.__index = M

M.LEAST, M.MOST = 2, 4

--- Begin with what was compared last.
-- @param memory what `memory()` gave, or nil
function M.new(memory)
  memory = type(memory) == "table" and memory or {}
  local wanted = {}
  for _, id in ipairs(type(memory.entries) == "table" and memory.entries or {}) do
    wanted[#wanted + 1] = type(id) == "string" and id or nil
  end
  return setmetatable({
    wanted = wanted,
    chosen = {},
    where = memory.where == "lanes" and "lanes" or "takes",
  }, M)
end

--- Take over what was compared last, as soon as its entries are there.
function M:settle(entries)
  for _, id in ipairs(self.wanted) do
    local entry = entries.by_id[id]
    if entry and not self:has(entry) and #self.chosen < M.MOST then
      self.chosen[#self.chosen + 1] = entry
    end
  end
end

--- Tell whether an entry is among them. Presets that were read again are other tables of the same id.
function M:has(entry)
  for index, one in ipairs(self.chosen) do
    if one.id == entry.id then
      return true, index
    end
  end
  return false
end

--- Take an entry in or out; false where there is no room.
function M:toggle(entry)
  self.wanted = {}
  local has, index = self:has(entry)
  if has then
    table.remove(self.chosen, index)
  elseif #self.chosen >= M.MOST then
    return false
  else
    self.chosen[#self.chosen + 1] = entry
  end
  return true
end

-- An entry as it is when nobody sets anything by hand.
local function plain_choice(self, entry, base)
  local one = choice.new({
    where = self.where,
    original = base.original,
    mode = base.mode,
    engine = base.engine,
    format = base.by_hand and base.by_hand.format or base.format,
  }, base)
  one.ready = base.ready
  one:choose(entry)
  return one
end

-- What a model is called beside others: its own name, without what stands in brackets.
local function title_of(one, entries)
  local entry = one.entry
  local model = (entry.kind == "preset" or entry.kind == "model") and one:model(entries)
  local name = model and model.name or entry.title
  local short = name:gsub("%s*%(.*$", "")
  return short ~= "" and short or name
end

--- Give an order for each, with its title; no title is there twice.
-- @param base the dialog's choice: engine, audio, original and format count for all of them
function M:orders(entries, base)
  local orders, seen = {}, {}
  for index, entry in ipairs(self.chosen) do
    local one = plain_choice(self, entry, base)
    local order = one:order(entries)
    local title = title_of(one, entries)
    seen[title] = (seen[title] or 0) + 1
    order.title = seen[title] > 1 and ("%s %d"):format(title, seen[title]) or title
    orders[index] = order
  end
  return orders
end

-- What may not be there twice: it would be the same stems.
local function identity(order)
  return json.encode({
    chain = order.chain,
    engine = order.engine,
    model = order.model or "",
    options = order.options,
  })
end

--- Say in a sentence why these can't be compared; nil when they can.
function M:refusal(entries, base)
  if #self.chosen < M.LEAST then
    return ("Choose %s on the left."):format(#self.chosen == 0 and "two to four models" or "another model")
  end
  local seen = {}
  for _, entry in ipairs(self.chosen) do
    local one = plain_choice(self, entry, base)
    local model = one:model(entries)
    local refusal = one:refusal(entries)
    if refusal then
      return ("%s: %s"):format(entry.title, refusal)
    elseif model and model.kind ~= "stem" then
      return ("'%s' gives no stems that could be compared."):format(entry.title)
    end
    local same = identity(one:order(entries))
    if seen[same] then
      return ("'%s' and '%s' are the same model with the same options."):format(seen[same], entry.title)
    end
    seen[same] = entry.title
  end
  return nil
end

--- Give what is to be remembered, for `new`.
function M:memory()
  local ids = {}
  for index, entry in ipairs(self.chosen) do
    ids[index] = entry.id
  end
  return { entries = json.array(ids), where = self.where }
end

return M
