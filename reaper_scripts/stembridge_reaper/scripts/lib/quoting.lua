-- From a program and its arguments to the one text that ExecProcess takes.
--
-- Windows hands the text to the program, whose C library splits it: backslashes count only before a
-- double quote, and no shell sees the ampersands. Elsewhere REAPER splits at spaces itself: ", ' and `
-- each hold a word together, no character has another meaning inside them, and none escapes them.

local M = {}

--- Name the family of an operating system by what GetOS says: "windows" or "unix".
function M.family(os_name)
  return os_name:find("^Win") and "windows" or "unix"
end

local function windows_word(word)
  if word ~= "" and not word:find('[ \t"]') then
    return word
  end
  local quoted = word:gsub('(\\*)"', '%1%1\\"'):gsub("(\\+)$", "%1%1")
  return '"' .. quoted .. '"'
end

local function unix_word(word)
  if word ~= "" and not word:find("[^%w%-%._/=+:,@%%\128-\255]") then
    return word
  end
  -- Single quotes first where a shell, should there be one after all, would look into double ones.
  local order = word:find("[$`\\!]") and { "'", '"', "`" } or { '"', "'", "`" }
  for _, mark in ipairs(order) do
    if not word:find(mark, 1, true) then
      return mark .. word .. mark
    end
  end
  return nil
end

--- Write a command line. Gives the text, or nil and a sentence when a word can't be passed on.
function M.command(words, family)
  local quote = family == "windows" and windows_word or unix_word
  local out = {}
  for index, word in ipairs(words) do
    local quoted = not word:find("[\0\r\n]") and quote(word)
    if not quoted then
      return nil, ("REAPER can't pass on the path '%s': rename the folder."):format((word:gsub("%c", "?")))
    end
    out[index] = quoted
  end
  return table.concat(out, " ")
end

return M
