-- A choice for each of several items: a preset of its own for some of them, the common one for the others.
local choice = require("choice")
local quote = require("quote")

local M = {}
M.__index = M

--- Make it for a dialog. Field `on`: the user wants to choose for each.
function M.new(dialog)
  return setmetatable({ dialog = dialog, on = false, picked = {} }, M)
end

--- Tell whether there is anything to choose: several jobs, and no comparison.
function M:fits()
  return not self.dialog.comparison and #self.dialog:jobs() > 1
end

local function active(self)
  return self.on and self:fits()
end

--- Give what an item can be separated by, as {key, label}: "" is the common choice.
function M:options()
  local entries = self.dialog.entries
  local options = { { "", "As chosen on the left" } }
  for _, group in ipairs({ entries.own, entries.presets, entries.chains }) do
    for _, entry in ipairs(group) do
      options[#options + 1] = { entry.id, entry.title }
    end
  end
  return options
end

--- Give what a job was given; "" for the common choice.
function M:value(job)
  local id = self.picked[job.key]
  return id and self.dialog.entries.by_id[id] and id or ""
end

--- Give a job a preset of its own; "" for the common choice.
function M:pick(job, id)
  self.picked[job.key] = id ~= "" and id or nil
  self.dialog:changed()
end

-- The choice for an entry as it is when nobody sets anything by hand.
local function choice_of(self, id)
  local dialog = self.dialog
  if id == "" then
    return dialog.choice
  end
  local base = dialog.choice
  local one = choice.new({
    where = base.where,
    original = base.original,
    mode = base.mode,
    engine = base.engine,
    format = base.by_hand and base.by_hand.format or base.format,
  }, base)
  one.ready = base.ready
  one:choose(dialog.entries.by_id[id])
  return one
end

-- The jobs by what they are separated by, in their order.
local function groups_of(self)
  local groups, by_id = {}, {}
  for _, job in ipairs(self.dialog:jobs()) do
    local id = self:value(job)
    local group = by_id[id]
    if not group then
      group = { id = id, choice = choice_of(self, id), jobs = {} }
      by_id[id] = group
      groups[#groups + 1] = group
    end
    group.jobs[#group.jobs + 1] = job
  end
  for _, group in ipairs(groups) do
    group.order = group.choice:order(self.dialog.entries)
  end
  return groups
end

--- Say in a sentence why one of the items' choices can't be ordered; nil when all can.
function M:refusal()
  if not active(self) then
    return nil
  end
  for _, group in ipairs(groups_of(self)) do
    local entries = self.dialog.entries
    local refusal = group.choice:refusal(entries)
    if not refusal and not group.choice:takes_input(entries) then
      refusal = "This model takes no audio."
    end
    if refusal then
      return group.id ~= "" and ("%s: %s"):format(group.choice.entry.title, refusal) or refusal
    end
  end
  return nil
end

--- Give what to ask the core for the price of all; nil where there is one choice for all.
function M:plan()
  return active(self) and quote.plan_each(groups_of(self)) or nil
end

--- Give the orders by the jobs' keys, each with what it may spend; nil where there is one choice for all.
-- @param allowed what `quote:allowed` gave
function M:orders(allowed)
  if not active(self) then
    return nil
  end
  local by_key = {}
  for number, group in ipairs(groups_of(self)) do
    group.order.prices = allowed and allowed[number] or nil
    group.order.texts, group.order.again = self.dialog.settings.texts, self.dialog.settings.again
    for _, job in ipairs(group.jobs) do
      by_key[job.key] = group.order
    end
  end
  return by_key
end

return M
