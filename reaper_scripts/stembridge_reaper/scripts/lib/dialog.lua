-- "Separate selection" and "Compare models on selection": what is chosen, what the core says to it, the
-- start.
local choice = require("choice")
local comparison = require("comparison")
local dialog_facts = require("dialog_facts")
local dialog_presets = require("dialog_presets")
local dialog_rows = require("dialog_rows")
local dialog_selection = require("dialog_selection")
local dialog_view = require("dialog_view")
local each_item = require("each_item")
local entries = require("entries")
local field = require("ui.field")
local list = require("ui.list")
local out = require("out")
local quote = require("quote")
local settings = require("settings")

local M = {}
M.__index = M

-- Seconds between two looks at the selection.
local LOOK = 0.5

M.WIDTH, M.HEIGHT = 860, 660

local function facts_for(dialog)
  return dialog_facts.new(dialog.entries, {
    engines = function(rows)
      dialog.choice:set_ready(choice.readiness(rows))
      dialog:changed()
    end,
    presets = function(error)
      dialog.presets:heard(error)
      dialog.presets_known = true
      dialog:filter()
      dialog:settle()
      dialog:changed()
    end,
    more = function()
      dialog:filter()
      dialog:settle()
      dialog:changed()
    end,
    trouble = function(error)
      dialog.trouble, dialog.trouble_hint = error.message, error.hint
      dialog:settle()
    end,
  })
end

--- Make the dialog for a project.
-- @param events {sending=function(on), started=function(folders, sentence, proj), closed=function()}
-- @param compares true: several models are chosen, to be compared
function M.new(proj, events, compares)
  local all = settings.load()
  local memory = settings.last(proj)
  local dialog = setmetatable({
    events = events,
    settings = all,
    choice = choice.new(memory, all),
    entries = entries.new(),
    list = list.new(function(row)
      return row.kind ~= "heading"
    end),
    search = field.new("", 80),
    texts = {},
    selection = dialog_selection.new(proj),
    quote = quote.new(),
    focus_first = "search",
    memory = memory or {},
  }, M)
  if compares then
    dialog.comparison = comparison.new(dialog.memory.compare)
  end
  if not dialog_rows.has_lanes() and dialog.choice.where == "lanes" then
    dialog.choice.where = "takes"
  end
  dialog.presets = dialog_presets.new(dialog)
  dialog.each = each_item.new(dialog)
  dialog.selection:look(dialog.choice.mode, true)
  dialog.facts = facts_for(dialog)
  dialog:filter()
  dialog:settle()
  return dialog
end

--- Tell whether models are still to come.
function M:loading()
  return self.facts ~= nil and self.facts.loading
end

--- Choose the entry that was chosen last, as soon as it is there; else the first preset that fits.
function M:settle()
  if self.comparison then
    self.comparison:settle(self.entries)
  end
  local entry = self.entries.by_id[self.choice.wanted]
  if not entry and self.presets_known and not self:loading() then
    entry = self.entries.presets[1]
  end
  if entry and not self.choice.entry then
    self.choice:choose(entry)
    self.list:select_id(entry.id)
    self:changed()
  end
end

--- Search.
function M:filter()
  local rows = self.entries:rows(self.search.text, self.choice.engine)
  self.list:set(rows)
  if self.list.at == 0 and self.search.text ~= "" then
    if self.list:select_first() then
      self.list.top = 1
      self:pick()
    end
  elseif self.list.at == 0 and self.choice.entry then
    self.list:select_id(self.choice.entry.id)
  end
end

--- Take over the row that is selected in the list.
function M:pick()
  local row = self.list:row()
  if row and row ~= self.choice.entry then
    self.choice:choose(row)
    self.presets.said = nil
    self:changed()
  end
end

--- Take the selected row into the comparison, or out of it.
function M:toggle(entry)
  entry = entry or self.list:row()
  if entry and entry.kind ~= "heading" then
    self.full = not self.comparison:toggle(entry)
    self:changed()
  end
end

function M:engine_changed()
  self:filter()
  self:changed()
end

function M:mode_changed()
  self.selection:look(self.choice.mode, true)
  self:changed()
end

local function takes_input(self)
  return self.comparison ~= nil or self.choice:takes_input(self.entries)
end

--- Give what is sent of the selection; nothing where the model makes audio from words.
function M:jobs()
  if not takes_input(self) then
    return {}
  end
  return self.selection.found.jobs or {}
end

-- What is ordered of every region.
local function orders_of(self)
  if self.comparison then
    return self.comparison:orders(self.entries, self.choice)
  end
  return { self.choice:order(self.entries) }
end

--- Something of the order changed: it is priced again.
function M:changed()
  self.failure = nil
  local plan = nil
  if self.choice.entry and not self:blocked() then
    plan = self.each:plan() or quote.plan(orders_of(self), self:jobs())
  end
  self.quote:want(plan, reaper.time_precise())
end

local function refusal_of(self)
  if self.comparison then
    return self.comparison:refusal(self.entries, self.choice)
  end
  return self.each:refusal() or self.choice:refusal(self.entries)
end

--- Say why the order can't be placed; nil when it can.
function M:blocked()
  local told = self.selection.told
  if takes_input(self) then
    if told.refused or told.reading then
      return told.title
    elseif self.trouble then
      return self.trouble
    end
  end
  return refusal_of(self)
end

--- Give what stands beside the buttons.
function M:cost_words()
  if self.trouble and not self.failure then
    return { text = self.trouble, kind = "bad", more = self.trouble_hint and { self.trouble_hint } or {} }
  end
  local failure = self.failure or self.presets.said
  if failure then
    return { text = failure, kind = "bad", more = {} }
  end
  if self.selection.told.refused and takes_input(self) then
    return { text = "Select items, or a time selection on tracks, or a razor edit.", kind = "dim", more = {} }
  end
  local refusal = refusal_of(self)
  if refusal then
    return { text = refusal, kind = "warn", more = {} }
  end
  local engine = nil
  for _, order in ipairs(orders_of(self)) do
    local one = order.engine or self.choice:engine_of(self.choice.entry)
    engine = (engine == nil or engine == one) and one or "several"
  end
  return self.quote:words(not self.each.on and engine or nil)
end

--- Do a tick's work; true when the window has to be drawn.
function M:tick(now)
  local drawn = self.facts:tick()
  drawn = self.presets:tick() or drawn
  drawn = self.quote:tick(now) or drawn
  local known = self.selection:read()
  if now - (self.looked or 0) > LOOK and not (self.starting or self.selection.reading) then
    self.looked = now
    known = self.selection:look(self.choice.mode, false) or known
  end
  if known then
    self:changed()
    drawn = true
  end
  return drawn
end

-- What the start hands on: the orders with what each may spend, that is what was shown.
local function agreed(self)
  local allowed = self.quote:allowed()
  local orders = orders_of(self)
  for index, order in ipairs(orders) do
    order.prices = allowed and allowed[index] or nil
    order.texts, order.again = self.settings.texts, self.settings.again
  end
  if self.comparison then
    return { orders = orders, mode = self.choice.mode }
  end
  orders[1].each = self.each:orders(allowed)
  return orders[1]
end

-- What is remembered of the choices: of a comparison, nothing of the one model that is looked at.
local function remember(self)
  local memory = self.memory
  if self.comparison then
    memory.original, memory.mode, memory.engine = self.choice.original, self.choice.mode, self.choice.engine
    memory.compare = self.comparison:memory()
  else
    memory = self.choice:memory()
    memory.compare = self.memory.compare
    memory.order = self.choice:order(self.entries)
  end
  settings.keep(self.selection.proj, memory)
end

--- Start the separation, or the separations that are to be compared.
function M:start()
  if self.starting or self:blocked() then
    return
  end
  remember(self)
  self.starting = true
  self.events.sending(true)
  local proj = self.selection.proj
  out.start(proj, agreed(self), function(folders, sentence)
    self.starting = false
    self.events.sending(false)
    if not folders then
      self.failure = sentence
      self.selection:look(self.choice.mode, true)
      return
    end
    self.events.started(folders, sentence, proj)
  end)
end

--- Esc: first an open search goes, then the dialog.
function M:escape()
  if self.search.text ~= "" then
    self.search:set("")
    self:filter()
    return
  end
  self:cancel()
end

function M:cancel()
  self.events.closed()
end

--- Give up what is still being asked; the window is closing.
function M:closed()
  self.facts:close()
  self.presets:close()
  self.quote:close()
end

function M:draw(ui, area)
  if self.focus_first then
    ui.focus:set(self.focus_first)
    self.focus_first = nil
  end
  dialog_view.draw(ui, area, self)
end

return M
