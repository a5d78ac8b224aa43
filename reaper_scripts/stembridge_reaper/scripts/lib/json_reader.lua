-- A JSON parser that can be stopped after every token and carried on in the next defer tick. It keeps
-- its own stack, so nesting costs memory and never the C stack.

local values = require("json_values")

local M = {}

local ESCAPES = {
  ['"'] = '"',
  ["\\"] = "\\",
  ["/"] = "/",
  b = "\b",
  f = "\f",
  n = "\n",
  r = "\r",
  t = "\t",
}
local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", values.null } }

local Reader = {}
Reader.__index = Reader

--- Begin to read a document. Nothing is parsed yet.
function M.new(text)
  return setmetatable({ text = text, at = 1, stack = {}, depth = 0, expect = "value", tokens = 0 }, Reader)
end

local function fail(reader, words, position)
  error({ sentence = ("%s at byte %d"):format(words, position or reader.at) }, 0)
end

local function hex4(reader, position)
  local digits = reader.text:match("^%x%x%x%x", position)
  if not digits then
    fail(reader, "a broken \\u escape", position)
  end
  return tonumber(digits, 16)
end

-- Half of a pair without the other half becomes the replacement character.
local function unicode(reader, position)
  local code = hex4(reader, position)
  local after = position + 4
  if code >= 0xD800 and code <= 0xDBFF and reader.text:sub(after, after + 1) == "\\u" then
    local low = hex4(reader, after + 2)
    if low >= 0xDC00 and low <= 0xDFFF then
      return utf8.char(0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)), after + 6
    end
  end
  if code >= 0xD800 and code <= 0xDFFF then
    code = 0xFFFD
  end
  return utf8.char(code), after
end

local function read_string(reader)
  local text, start = reader.text, reader.at + 1
  local parts
  while true do
    local stop = text:find('[\0-\31"\\]', start)
    if not stop then
      fail(reader, "the document ends inside a text", #text + 1)
    end
    local char = text:byte(stop)
    local plain = text:sub(start, stop - 1)
    if char == 34 then
      reader.at = stop + 1
      if not parts then
        return plain
      end
      parts[#parts + 1] = plain
      return table.concat(parts)
    end
    parts = parts or {}
    parts[#parts + 1] = plain
    reader.tokens = reader.tokens + 1
    if char == 92 then
      local escaped = text:sub(stop + 1, stop + 1)
      if escaped == "u" then
        parts[#parts + 1], start = unicode(reader, stop + 2)
      else
        parts[#parts + 1] = ESCAPES[escaped] or fail(reader, "an unknown escape", stop)
        start = stop + 2
      end
    else
      fail(reader, "a control character inside a text", stop)
    end
  end
end

local function read_number(reader)
  local text, at = reader.text, reader.at
  local _, stop = text:find("^-?%d+", at)
  if not stop or text:find("^-?0%d", at) then
    fail(reader, "no value")
  end
  local _, fraction = text:find("^%.%d+", stop + 1)
  local _, exponent = text:find("^[eE][+-]?%d+", (fraction or stop) + 1)
  stop = exponent or fraction or stop
  reader.at = stop + 1
  return tonumber(text:sub(at, stop))
end

local function read_word(reader, char)
  local word = WORDS[char]
  if not word or reader.text:sub(reader.at, reader.at + #word[1] - 1) ~= word[1] then
    fail(reader, "no value")
  end
  reader.at = reader.at + #word[1]
  return word[2]
end

-- A value is complete: hand it to the container it stands in.
local function put(reader, value)
  local top = reader.stack[reader.depth]
  if not top then
    reader.value = value
    reader.expect = "end"
  elseif top.list then
    top.count = top.count + 1
    top.list[top.count] = value
    reader.expect = "comma"
  else
    if value == values.null then
      value = nil
    end
    top.object[top.key] = value
    reader.expect = "comma"
  end
end

local function open(reader, container)
  reader.depth = reader.depth + 1
  reader.stack[reader.depth] = container
  reader.at = reader.at + 1
end

local function close(reader)
  local top = reader.stack[reader.depth]
  reader.stack[reader.depth] = nil
  reader.depth = reader.depth - 1
  reader.at = reader.at + 1
  put(reader, top.list and values.array(top.list) or top.object)
end

local function value_token(reader, char)
  if char == "{" then
    open(reader, { object = {} })
    reader.expect = "name or }"
  elseif char == "[" then
    open(reader, { list = {}, count = 0 })
    reader.expect = "value or ]"
  elseif char == '"' then
    put(reader, read_string(reader))
  elseif char:find("[%d-]") then
    put(reader, read_number(reader))
  else
    put(reader, read_word(reader, char))
  end
end

local function name_token(reader, char)
  if char ~= '"' then
    fail(reader, "a name is missing")
  end
  reader.stack[reader.depth].key = read_string(reader)
  reader.expect = "colon"
end

local function comma_token(reader, char)
  local top = reader.stack[reader.depth]
  if char == (top.list and "]" or "}") then
    close(reader)
  elseif char == "," then
    reader.at = reader.at + 1
    reader.expect = top.list and "value" or "name"
  else
    fail(reader, "a comma is missing")
  end
end

local STEPS = {
  ["value"] = value_token,
  ["value or ]"] = function(reader, char)
    return (char == "]" and close or value_token)(reader, char)
  end,
  ["name"] = name_token,
  ["name or }"] = function(reader, char)
    return (char == "}" and close or name_token)(reader, char)
  end,
  ["colon"] = function(reader, char)
    if char ~= ":" then
      fail(reader, "a colon is missing")
    end
    reader.at = reader.at + 1
    reader.expect = "value"
  end,
  ["comma"] = comma_token,
  ["end"] = function(reader)
    fail(reader, "more than one value")
  end,
}

local function run(reader, most)
  if not reader.checked then
    local bad = values.bad_utf8(reader.text)
    if bad then
      fail(reader, "text that is not UTF-8", bad)
    end
    reader.checked = true
  end
  local text, limit = reader.text, reader.tokens + most
  while reader.tokens < limit do
    reader.at = text:find("[^ \t\r\n]", reader.at) or #text + 1
    if reader.at > #text then
      if reader.expect ~= "end" then
        fail(reader, "the document ends too early")
      end
      return true
    end
    reader.tokens = reader.tokens + 1
    STEPS[reader.expect](reader, text:sub(reader.at, reader.at))
  end
  return false
end

--- Parse up to `most` tokens (some 60 Lua instructions each).
-- Gives true and the value when the document is complete, false when there is more to do,
-- nil and a sentence when it is no JSON.
function Reader:step(most)
  local fine, done = pcall(run, self, most)
  if not fine then
    if type(done) ~= "table" then
      error(done, 0)
    end
    return nil, "This is no JSON: " .. done.sentence .. "."
  end
  if done then
    return true, self.value
  end
  return false
end

return M
