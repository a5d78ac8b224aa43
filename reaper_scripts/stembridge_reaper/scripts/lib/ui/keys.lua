-- What gfx.getchar gives, as words: "tab", "enter", "left", "ctrl+a", or a character to type.
local M = {}

-- Multi-byte key codes are their names read as big-endian numbers.
local function named(name)
  local code = 0
  for i = 1, #name do
    code = code << 8 | name:byte(i)
  end
  return code
end

local WORDS = {
  [8] = "backspace",
  [9] = "tab",
  [13] = "enter",
  [27] = "escape",
  [127] = "backspace", -- with Ctrl, on Windows
  [named("left")] = "left",
  [named("rght")] = "right",
  [named("up")] = "up",
  [named("down")] = "down",
  [named("home")] = "home",
  [named("end")] = "end",
  [named("pgup")] = "pageup",
  [named("pgdn")] = "pagedown",
  [named("del")] = "delete",
  [named("ins")] = "insert",
  [named("f1")] = "f1",
}

-- A code above Latin-1 is marked by 'u' in its top byte.
local UNICODE = string.byte("u") << 24

M.CTRL, M.SHIFT, M.ALT = 4, 8, 16

local function character(code)
  if code >= 32 and code ~= 127 and code <= 0x10ffff and not (code >= 0xd800 and code < 0xe000) then
    return utf8.char(code)
  end
  return nil
end

--- Name a key.
-- @param code first result of gfx.getchar, above 0
-- @param unichar its second result; nil or 0 before REAPER 6.65
-- @param cap gfx.mouse_cap: the modifiers
-- @return {name=, char=, shift=, ctrl=}: `char` is what the key types, nil for the others
function M.read(code, unichar, cap)
  local key = { shift = cap & M.SHIFT ~= 0, ctrl = cap & M.CTRL ~= 0 }
  if key.ctrl and code >= 1 and code <= 26 then
    -- Ctrl+H, I and M share their codes with backspace, tab and enter: the keys without a letter win.
    local word = WORDS[code]
    key.name = word or "ctrl+" .. string.char(code + 96)
    return key
  end
  local word = WORDS[code]
  if word then
    key.name = word
    return key
  end
  -- AltGr comes as Ctrl and Alt together, and types.
  local alt = cap & M.ALT ~= 0
  key.ctrl = key.ctrl and not alt
  if code >= 257 and code <= 346 and alt then
    return key -- Alt with a letter: a shortcut that we don't have
  end
  if code & 0xff000000 == UNICODE and code ~= UNICODE then
    key.char = character(code & 0xffffff)
  elseif unichar and unichar >= 32 then
    key.char = character(unichar)
  elseif code < 256 then
    key.char = character(code)
  end
  key.name = key.char == " " and "space" or key.char
  return key
end

return M
