-- Which mode an entry is sent in, and why; or one sentence that says why it can't be.

local accessor_mode = require("accessor_mode")
local heard_mode = require("heard_mode")
local source_mode = require("source_mode")

local M = {}

local SOURCE_WORDS = "Taken from the file itself; the item's edits stay live on the stems."

local function nothing_in(entry)
  for _, subject in ipairs(entry.subjects) do
    if subject.takes == 0 then
      return ("The item '%s' is empty: there is nothing to separate."):format(subject.name)
    elseif not subject.take then
      return ("The item '%s' has no active take: choose one first."):format(subject.name)
    elseif subject.length <= 0 then
      return ("The item '%s' has no length: there is nothing to separate."):format(subject.name)
    end
  end
  return nil
end

local function with(plan, why)
  plan.why = why
  return plan
end

local function source_words(plan, clause)
  return plan.unheard and ("%s Not what you hear: %s."):format(SOURCE_WORDS, clause) or SOURCE_WORDS
end

local function forced_source(entry)
  local plan, clause = source_mode.plan(entry)
  if not plan then
    return nil, ("'%s' can't be taken from its file, since %s: choose as heard."):format(entry.name, clause)
  end
  return with(plan, source_words(plan, clause))
end

local function forced_heard(proj, entries, why)
  local plan, sentence = heard_mode.plan(proj, entries)
  return plan and with(plan, why or "Rendered as heard, as chosen."), sentence
end

local function forced_accessor(entry)
  local plan, sentence = accessor_mode.plan(entry)
  return plan and with(plan, "Read from the item by the script, as chosen."), sentence
end

local function automatic(proj, entry)
  local source, clause = source_mode.plan(entry)
  if source and not clause then
    return with(source, SOURCE_WORDS)
  end
  local heard, sentence = forced_heard(proj, { entry }, ("Rendered as heard, since %s."):format(clause))
  if heard then
    return heard
  elseif source then
    return with(source, ("%s (%s)"):format(source_words(source, clause), sentence))
  end
  local read = accessor_mode.plan(entry)
  if read then
    return with(read, ("Read from the item by the script, since %s. (%s)"):format(clause, sentence))
  end
  return nil, sentence
end

local function one(proj, entry, mode)
  if mode == "source" then
    return forced_source(entry)
  elseif mode == "heard" then
    return forced_heard(proj, { entry })
  elseif mode == "accessor" then
    return forced_accessor(entry)
  end
  return automatic(proj, entry)
end

-- All of the selection as one render.
local function together(proj, entries, mode)
  if mode == "source" or mode == "accessor" then
    return nil, "Several things can only be separated together as they are heard."
  end
  return forced_heard(proj, entries, "Rendered as heard, since it is put together of several things.")
end

local Planner = {}
Planner.__index = Planner

--- Begin to plan a selection (see selection.lua): `mode` is "auto", "source", "heard" or "accessor", `per`
-- "item" or "selection".
function M.planner(proj, chosen, mode, per)
  local planner = { proj = proj, entries = chosen.entries, mode = mode, per = per, plans = {}, index = 1 }
  return setmetatable(planner, Planner)
end

local function refused(entries)
  for _, entry in ipairs(entries) do
    local sentence = entry.whole and nothing_in(entry)
    if sentence then
      return sentence
    end
  end
  return nil
end

--- Carry on with about as much work as describing `most` items takes.
-- Gives nil when there is more to do; true and a list of plans, each with `entries` and `why`; or false and a
-- sentence.
function Planner:step(most)
  if self.index == 1 then
    local sentence = refused(self.entries)
    if sentence then
      return false, sentence
    end
  end
  if self.per == "selection" and #self.entries > 1 then
    local plan, sentence = together(self.proj, self.entries, self.mode)
    if plan then
      return true, { plan }
    end
    return false, sentence
  end
  while most > 0 and self.index <= #self.entries do
    local entry = self.entries[self.index]
    local plan, sentence = one(self.proj, entry, self.mode)
    if not plan then
      return false, sentence
    end
    plan.entries = { entry }
    self.plans[self.index] = plan
    self.index = self.index + 1
    most = most - 1
  end
  if self.index > #self.entries then
    return true, self.plans
  end
  return nil
end

return M
