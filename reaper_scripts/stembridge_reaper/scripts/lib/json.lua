-- JSON (RFC 8259) on both ways: json.encode, json.decode for small documents, json.reader for those
-- that are parsed in slices.
--
-- Objects become tables; a member that is null is absent. Arrays become tables marked by
-- json.array, so that an empty one is written back as []; a null in an array is json.null.

local json_reader = require("json_reader")
local values = require("json_values")

local M = {
  null = values.null,
  array = values.array,
  is_array = values.is_array,
  bad_utf8 = values.bad_utf8,
  reader = json_reader.new,
}

local DEEPEST = 512

local SHORT = { ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(char)
  return SHORT[char]
    or (char == '"' and '\\"')
    or (char == "\\" and "\\\\")
    or ("\\u%04x"):format(char:byte())
end

local function encode_string(text)
  if values.bad_utf8(text) then
    error("text that is not UTF-8 has no JSON", 0)
  end
  return '"' .. text:gsub('[\0-\31"\\]', escape) .. '"'
end

local function encode_number(number)
  if math.type(number) == "integer" then
    return ("%d"):format(number)
  end
  if number ~= number or number == math.huge or number == -math.huge then
    error("a number that is not finite has no JSON", 0)
  end
  local text = ("%.14g"):format(number)
  if tonumber(text) ~= number then
    text = ("%.17g"):format(number)
  end
  text = text:gsub(",", ".") -- a host may have set a locale
  return text:find("[.e]") and text or text .. ".0"
end

local encode_value

local function encode_array(list, out, depth)
  local count = #list
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      error("an array with a gap or a name has no JSON", 0)
    end
  end
  out[#out + 1] = "["
  for index = 1, count do
    if index > 1 then
      out[#out + 1] = ","
    end
    encode_value(list[index], out, depth)
  end
  out[#out + 1] = "]"
end

local function encode_object(object, out, depth)
  local keys = {}
  for key in pairs(object) do
    if type(key) ~= "string" then
      error("an object's names must be text", 0)
    end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  out[#out + 1] = "{"
  for index, key in ipairs(keys) do
    out[#out + 1] = (index > 1 and "," or "") .. encode_string(key) .. ":"
    encode_value(object[key], out, depth)
  end
  out[#out + 1] = "}"
end

function encode_value(value, out, depth)
  local kind = type(value)
  if value == values.null then
    out[#out + 1] = "null"
  elseif kind == "string" then
    out[#out + 1] = encode_string(value)
  elseif kind == "number" then
    out[#out + 1] = encode_number(value)
  elseif kind == "boolean" then
    out[#out + 1] = tostring(value)
  elseif kind == "table" then
    if depth > DEEPEST then
      error("a table in itself has no JSON", 0)
    end
    local write = values.is_array(value) and encode_array or encode_object
    write(value, out, depth + 1)
  else
    error("a " .. kind .. " has no JSON", 0)
  end
end

--- Write a value on one line, its names sorted. nil is null. Raises a sentence for what has no JSON.
function M.encode(value)
  if value == nil then
    return "null"
  end
  local out = {}
  encode_value(value, out, 1)
  return table.concat(out)
end

--- Read a whole document at once: for small ones. Gives the value, or nil and a sentence.
function M.decode(text)
  local done, value = M.reader(text):step(math.huge)
  if done then
    return value
  end
  return nil, value
end

return M
