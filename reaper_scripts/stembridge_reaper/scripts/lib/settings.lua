-- What Stembridge remembers: settings for all projects, the last choices of each project, places of windows.
-- ExtState lines hold one line each: JSON, since REAPER's ini file knows no newline.
local json = require("json")

local M = {}

M.SECTION = "Stembridge"

M.DEFAULTS = {
  zoom = 1, -- size of text and windows, times the screen's own scale
  colours = "auto", -- "auto" (REAPER's theme), "dark", "light"
  limit = 0, -- credits that "last settings" and the preset actions may spend on a job without asking
  texts = "take_markers", -- where a transcript goes; or "regions"
  close_when_done = true, -- the progress window closes itself when all went well
  again = false, -- never answer from an earlier, equal job
  where = "tracks",
  original = "leave",
  mode = "auto",
}

M.ZOOMS = { 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2 }

local ALLOWED = {
  colours = { auto = true, dark = true, light = true },
  texts = { take_markers = true, regions = true },
  where = { tracks = true, folder = true, takes = true, lanes = true },
  original = { leave = true, mute_item = true, mute_track = true },
  mode = { auto = true, source = true, heard = true, accessor = true },
}

local function decode(text)
  if not text or text == "" then
    return {}
  end
  local value = json.decode(text)
  return type(value) == "table" and value or {}
end

--- Bring a settings table into order: unknown names go, impossible values become the default.
function M.checked(given)
  local settings = {}
  for name, default in pairs(M.DEFAULTS) do
    local value = given[name]
    if type(value) ~= type(default) or (ALLOWED[name] and not ALLOWED[name][value]) then
      value = default
    end
    settings[name] = value
  end
  settings.zoom = math.max(M.ZOOMS[1], math.min(M.ZOOMS[#M.ZOOMS], settings.zoom))
  settings.limit = math.max(0, math.floor(settings.limit))
  return settings
end

--- Read the settings for all projects.
function M.load()
  return M.checked(decode(reaper.GetExtState(M.SECTION, "settings")))
end

--- Keep the settings.
function M.save(settings)
  reaper.SetExtState(M.SECTION, "settings", json.encode(M.checked(settings)), true)
end

--- Read what was chosen last in a project; where that is nothing, what was chosen last anywhere; else nil.
function M.last(proj)
  local _, text = reaper.GetProjExtState(proj, M.SECTION, "last")
  local own = decode(text)
  if next(own) then
    return own
  end
  local any = decode(reaper.GetExtState(M.SECTION, "last"))
  return next(any) and any or nil
end

--- Keep what was chosen, for this project and as the start for others.
function M.keep(proj, memory)
  local line = json.encode(memory)
  reaper.SetProjExtState(proj, M.SECTION, "last", line)
  reaper.SetExtState(M.SECTION, "last", line, true)
end

local PLACE = { "w", "h", "x", "y", "dock" }

--- Read where a window was; nil for never or nonsense.
function M.place(window)
  local place = decode(reaper.GetExtState(M.SECTION, "place_" .. window))
  for _, name in ipairs(PLACE) do
    if math.type(place[name]) ~= "integer" then
      return nil
    end
  end
  if place.w < 100 or place.h < 60 or place.w > 20000 or place.h > 20000 then
    return nil
  end
  return place
end

--- Keep where a window is (nil: it can't be said).
function M.keep_place(window, place)
  if place then
    reaper.SetExtState(M.SECTION, "place_" .. window, json.encode(place), true)
  end
end

return M
