-- What the JSON encoder and the parser share: null, the mark of arrays, and what is UTF-8.

local M = {}

M.null = setmetatable({}, {
  __name = "json.null",
  __tostring = function()
    return "null"
  end,
})

local ARRAY = { __name = "json.array" }

--- Mark a table as an array (also when it is empty) and give it back.
function M.array(list)
  return setmetatable(list or {}, ARRAY)
end

--- Say whether a table is written as an array.
function M.is_array(value)
  return getmetatable(value) == ARRAY or (type(value) == "table" and value[1] ~= nil)
end

--- Say where a text stops being UTF-8 (its first bad byte), or nil.
function M.bad_utf8(text)
  local length, position = utf8.len(text)
  if not length then
    return position
  end
  -- Lua 5.3 lets surrogates pass; in a text that is well formed otherwise, this is one.
  return (text:find("\xED[\xA0-\xBF]"))
end

return M
