-- "Register actions": puts Stembridge's other actions into REAPER's list and writes a toolbar to import.
local files = require("files")
local tables = require("tables")

local M = {}

local MAIN_SECTION = 0
-- What the toolbar has, in its order; the rest is in the action list alone.
local BUTTONS = {
  { "Separate selection", "Separate" },
  { "Separate selection with last settings", "Again" },
  { "Separate selection (Vocals)", "Vocals" },
  { "Separate selection (Six stems)", "6 stems" },
  { "Compare models on selection", "Compare" },
  { "Show jobs", "Jobs" },
  { "Import finished jobs", "Import" },
}

--- Give the titles of all actions but this one, in the order of the action list.
function M.titles()
  local titles =
    { "Separate selection", "Separate selection with last settings", "Compare models on selection" }
  for _, preset in ipairs(tables.PRESETS) do
    titles[#titles + 1] = ("Separate selection (%s)"):format(preset.title)
  end
  for _, title in ipairs({ "Show jobs", "Import finished jobs", "Settings", "Self-test", "About" }) do
    titles[#titles + 1] = title
  end
  return titles
end

local function path_of(folder, title)
  return files.join(folder, ("Stembridge_%s.lua"):format(title))
end

--- Register every action whose file is there; the action list is written once, with the last.
-- @return ids by title, and a list of the titles whose file is missing or was refused
function M.register(folder)
  local there, missing, ids = {}, {}, {}
  for _, title in ipairs(M.titles()) do
    local list = files.exists(path_of(folder, title)) and there or missing
    list[#list + 1] = title
  end
  for index, title in ipairs(there) do
    local id = reaper.AddRemoveReaScript(true, MAIN_SECTION, path_of(folder, title), index == #there)
    if id == 0 then
      missing[#missing + 1] = title
    else
      ids[title] = id
    end
  end
  return ids, missing
end

--- Find the highest floating toolbar that a user's reaper-menu.ini doesn't use.
function M.free_toolbar(ini)
  local used = {}
  local number
  for line in (ini .. "\n"):gmatch("(.-)\r?\n") do
    if line:sub(1, 1) == "[" then
      number = tonumber(line:match("^%[Floating toolbar (%d+)[%] ]"))
    elseif number and line:match("^item_%d+=") then
      used[number] = true
    end
  end
  for candidate = 16, 1, -1 do
    if not used[candidate] then
      return candidate
    end
  end
  return 16
end

--- Write the text of a toolbar.
-- @param number of the floating toolbar
-- @param names named commands ("_RS...") by title
function M.toolbar(number, names)
  local lines = { ("[Floating toolbar %d]"):format(number) }
  local at = 0
  for _, button in ipairs(BUTTONS) do
    local name = names[button[1]]
    if name then
      lines[#lines + 1] = ("icon_%d=text"):format(at)
      lines[#lines + 1] = ("item_%d=%s %s"):format(at, name, button[2])
      at = at + 1
    end
  end
  lines[#lines + 1] = "title=Stembridge"
  return table.concat(lines, "\n") .. "\n"
end

--- Register everything and write the toolbar.
-- @param folder of the action files
-- @return a text for the user
function M.run(folder)
  local ids, missing = M.register(folder)
  local names, count = {}, 0
  for title, id in pairs(ids) do
    local name = reaper.ReverseNamedCommandLookup(id)
    count = count + 1
    names[title] = name and "_" .. name
  end
  local resource = reaper.GetResourcePath()
  local number = M.free_toolbar(files.read(files.join(resource, "reaper-menu.ini")) or "")
  local place = files.join(resource, "MenuSets")
  local path = files.join(place, "Stembridge.ReaperMenu")
  local fine, sentence = files.make_folder(place)
  if fine then
    fine, sentence = files.write(path, M.toolbar(number, names))
  end
  local lines = {
    ("%d actions are in REAPER's action list now. Search for 'Stembridge' there, and give them keys."):format(
      count
    ),
    "",
  }
  if #missing > 0 then
    lines[#lines + 1] = "These could not be registered: " .. table.concat(missing, ", ") .. "."
    lines[#lines + 1] = "Run `stembridge setup reaper` in a terminal to put their files back."
    lines[#lines + 1] = ""
  end
  if fine then
    lines[#lines + 1] = "A toolbar is ready to be imported:"
    lines[#lines + 1] = path
    lines[#lines + 1] = ""
    lines[#lines + 1] = (
      "Options > Customize menus/toolbars: choose 'Floating toolbar %d', then Import/Export > Import, "
      .. "and the file above."
    ):format(number)
  else
    lines[#lines + 1] = "The toolbar file could not be written: " .. sentence
  end
  return table.concat(lines, "\n")
end

return M
