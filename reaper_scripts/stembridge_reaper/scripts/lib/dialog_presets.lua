-- The user's own presets, from the dialog: what is chosen is saved under a name, and removed again.
local core = require("core")

local M = {}
M.__index = M

local TITLE = "Stembridge: save as preset"
local YES_NO, YES = 4, 6
local LONGEST = 40

--- Make it for a dialog. Field `said`: what the core said against the last wish, or nil.
function M.new(dialog)
  return setmetatable({ dialog = dialog }, M)
end

--- Give the name that a preset of this title gets in the core's file: letters and digits, dots, - and _.
function M.name_of(title)
  local name = title:lower():gsub("^%s+", ""):gsub("%s+$", ""):gsub("[%s/]+", "-")
  name = name:gsub("[^%w%.%-_\x80-\xff]", ""):gsub("^[^%w\x80-\xff]+", "")
  local cut = utf8.offset(name, LONGEST + 1)
  return cut and name:sub(1, cut - 1) or name
end

--- Tell whether what is chosen can be saved.
function M:can_save()
  local dialog = self.dialog
  return not self.query and dialog.choice.entry ~= nil and dialog.choice:preset(dialog.entries) ~= nil
end

--- Give the user's own preset that is chosen; nil where none is. A chain isn't removed here.
function M:own()
  local entry = self.dialog.choice.entry
  return entry and entry.kind == "own" and entry or nil
end

local function in_words(error)
  local hint = error.hint or ""
  return error.message .. (hint ~= "" and " " .. hint or "")
end

local function ask_core(self, what, arguments, afterwards)
  self.said = nil
  self.query, self.afterwards = core.query(what, arguments), afterwards
end

--- Ask for a name, and save.
function M:save()
  local dialog = self.dialog
  local order = dialog.choice:preset(dialog.entries)
  local own = self:own()
  local captions = "Name:,extrawidth=180,separator=\n"
  local fine, title = reaper.GetUserInputs(TITLE, 1, captions, own and own.title or "")
  title = fine and title:gsub("^%s+", ""):gsub("%s+$", "") or ""
  if title == "" then
    return
  end
  local name = M.name_of(title)
  local known = dialog.entries.by_id["own:" .. name]
  if known then
    local words = ("There is a preset '%s' already. Replace it?"):format(known.title)
    if reaper.MB(words, TITLE, YES_NO) ~= YES then
      return
    end
  end
  ask_core(self, "save_preset", {
    name = name ~= "" and name or title,
    title = title,
    order = order,
    replace = known ~= nil,
  }, "own:" .. name)
end

--- Remove the preset that is chosen, once the user has agreed.
function M:remove()
  local own = self:own()
  local words = ("Remove your preset '%s'? Nothing else is changed."):format(own.title)
  if reaper.MB(words, "Stembridge: remove preset", YES_NO) == YES then
    ask_core(self, "remove_preset", { name = own.key }, "")
  end
end

--- Go on; true when something changed.
function M:tick()
  local answer = self.query and self.query:poll()
  if not answer then
    return false
  end
  self.query = nil
  if answer.error then
    self.said = in_words(answer.error)
  else
    self.choose = self.afterwards
    self.dialog.facts:ask_presets()
  end
  return true
end

--- The presets were read again: what was saved is chosen; what was removed no longer is.
-- @param error of the core, or nil
function M:heard(error)
  if error then
    self.said = in_words(error)
    return
  end
  local choice, by_id = self.dialog.choice, self.dialog.entries.by_id
  local entry = choice.entry
  if self.choose then
    choice.wanted = by_id[self.choose] and self.choose or "preset:vocals"
    choice.entry, self.choose = nil, nil
  elseif entry and by_id[entry.id] == nil then
    choice.entry, choice.wanted = nil, "preset:vocals"
  end
end

--- Give up what is being asked; the window is closing.
function M:close()
  self.query = nil -- a preset that is being saved is saved
end

return M
