-- Which of several scripts looks after the jobs: one of them, as long as it keeps saying so.

local ids = require("ids")
local projects = require("projects")

local M = {}

local KEY = "runner"
-- Seconds: how often the claim is said again, and after which silence another may take it.
local EVERY, LASTS = 0.5, 3.0

local said, token = -math.huge, nil

--- Say whether this script looks after the jobs; it takes the claim where nobody holds it. `now`: seconds
-- of time_precise, which is the same clock for all scripts.
function M.hold(now)
  if now - said < EVERY then
    return true
  end
  token = token or ids.new()
  local holder, since = reaper.GetExtState(projects.SECTION, KEY):match("^(%S+) (%S+)$")
  since = tonumber(since)
  if holder and holder ~= token and since and math.abs(now - since) < LASTS then
    return false
  end
  reaper.SetExtState(projects.SECTION, KEY, ("%s %.3f"):format(token, now), false)
  said = now
  return true
end

--- Give the claim up.
function M.release()
  if token and reaper.GetExtState(projects.SECTION, KEY):match("^%S+") == token then
    reaper.SetExtState(projects.SECTION, KEY, "", false)
  end
  said = -math.huge
end

return M
