-- The selection is read and planned in slices. A change of the project in between makes it begin anew.

local heard_mode = require("heard_mode")
local planning = require("planning")
local projects = require("projects")
local selection = require("selection")

local M = {}

local ITEMS_PER_TICK = 25
local MOST_BEGINNINGS = 20

local Survey = {}
Survey.__index = Survey

--- Begin to survey a project's selection; `choices` may hold mode and per.
function M.begin(proj, choices)
  return setmetatable({ proj = proj, choices = choices, beginnings = 0 }, Survey)
end

local function restart(survey)
  survey.beginnings = survey.beginnings + 1
  survey.changes = reaper.GetProjectStateChangeCount(survey.proj)
  survey.reader = selection.reader(survey.proj, heard_mode.examine)
  survey.planner = nil
end

local function step(survey, most)
  if not survey.reader or survey.changes ~= reaper.GetProjectStateChangeCount(survey.proj) then
    if survey.beginnings >= MOST_BEGINNINGS then
      return false, "The project changes all the time: stop what changes it, then try again."
    end
    restart(survey)
  end
  if survey.planner then
    return survey.planner:step(most)
  end
  local fine, chosen = survey.reader:step(most)
  if fine then
    local choices = survey.choices
    survey.planner = planning.planner(survey.proj, chosen, choices.mode or "auto", choices.per or "item")
    return nil
  end
  return fine, chosen
end

--- Carry on for one tick. Gives nil when there is more to do, true and the plans (see planning.lua), or
-- false and a sentence.
function Survey:step()
  return projects.within(self.proj, function()
    return step(self, ITEMS_PER_TICK)
  end)
end

--- Survey all at once. Gives what step gives at the end.
function Survey:whole()
  return projects.within(self.proj, function()
    local fine, result
    repeat
      fine, result = step(self, math.huge)
    until fine ~= nil
    return fine, result
  end)
end

return M
