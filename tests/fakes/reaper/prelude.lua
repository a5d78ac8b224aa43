-- What a script's Lua state gets before the script: the `reaper` and `gfx` tables, pointers as userdata,
-- arrays, counted instructions, and watched file functions. The host (Python) gives its side as `py`.
local py = ...
local M = {}
local unpack = table.unpack
local select, type, error = select, type, error
local real = { open = io.open, remove = os.remove, rename = os.rename, running = coroutine.running }

local function violate(message)
  error(py.note(message), 3)
end

-- Pointers and arrays are light userdata, as REAPER's are: the address of an upvalue that stays alive.
-- All light userdata share one metatable.
local thing_of, data_of = {}, {}
local light = { __name = "pointer" }
M.holders = {}

local function fresh()
  local anchor = {}
  local function holder()
    return anchor
  end
  local p = debug.upvalueid(holder, 1)
  M.holders[p] = holder
  return p
end
debug.setmetatable(fresh(), light)

light.__tostring = function(p)
  return "userdata: " .. (thing_of[p] and py.address(thing_of[p]) or ("array of %d"):format(data_of[p].n))
end

function M.pointer(handle)
  local p = fresh()
  thing_of[p] = handle
  return p
end

-- reaper.array: numbers from 1, its functions called with a dot.
local function new_array(size, max)
  local data = { n = size, max = max or size }
  for i = 1, size do
    data[i] = 0.0
  end
  local p = fresh()
  data_of[p] = data
  local function span(offset, count)
    offset, count = offset or 1, count or (data.n - (offset or 1) + 1)
    if offset < 1 or count < 0 or offset + count - 1 > data.n then
      violate("reaper.array: offset and size are outside the array")
    end
    return offset, count
  end
  data.functions = {
    clear = function(value, offset, count)
      offset, count = span(offset, count)
      for i = offset, offset + count - 1 do
        data[i] = (value or 0) + 0.0
      end
    end,
    table = function(offset, count)
      offset, count = span(offset, count)
      return table.move(data, offset, offset + count - 1, 1, {})
    end,
    get_alloc = function()
      return data.max
    end,
    resize = function(count)
      if count < 0 or count > data.max then
        violate("reaper.array.resize: more than was allocated")
      end
      for i = data.n + 1, count do
        data[i] = 0.0
      end
      data.n = count
    end,
    copy = function(source, from, count, to)
      local list = data_of[source] or source
      from, to = from or 1, to or 1
      count = count or math.min((list.n or #list) - from + 1, data.n - to + 1)
      for i = 0, count - 1 do
        data[to + i] = list[from + i] + 0.0
      end
      return count
    end,
  }
  return p
end

light.__index = function(p, key)
  local data = data_of[p]
  if not data then
    violate("a pointer has no field '" .. tostring(key) .. "'")
  end
  if type(key) == "number" then
    if key < 1 or key > data.n then
      violate("reaper.array: index " .. key .. " of " .. data.n)
    end
    return data[key]
  end
  local found = data.functions[key]
  if not found then
    violate("reaper.array has no function '" .. tostring(key) .. "'")
  end
  return found
end
light.__newindex = function(p, key, value)
  local data = data_of[p]
  if not data then
    violate("a pointer has no field '" .. tostring(key) .. "'")
  end
  if type(key) ~= "number" or key < 1 or key > data.n then
    violate("reaper.array: index " .. tostring(key) .. " of " .. data.n)
  end
  data[key] = value + 0.0
end
light.__len = function(p)
  if not data_of[p] then
    violate("a pointer has no length")
  end
  return data_of[p].n
end

function M.array(list, size, max)
  local made = new_array(size, max)
  local data = data_of[made]
  local from = data_of[list] or list
  if from then
    for i = 1, size do
      data[i] = (from[i] or 0) + 0.0
    end
  end
  return made
end
function M.length(list)
  return (data_of[list] or { n = #list }).n
end

-- Samples come as packed doubles, 128 at a time.
function M.fill(p, packed)
  local data, at, i, count = data_of[p], 1, 1, #packed // 8
  local wide = "<" .. ("d"):rep(128)
  while count - i + 1 >= 128 do
    local part = { string.unpack(wide, packed, at) }
    table.move(part, 1, 128, i, data)
    at, i = part[129], i + 128
  end
  while i <= count do
    data[i], at = string.unpack("<d", packed, at)
    i = i + 1
  end
end

-- Calls: what comes in is told apart here, checked and done in Python, and errors are Lua's own.
local function finish(ok, ...)
  if ok then
    return ...
  end
  error((...), 2)
end

local function plain(count, list)
  for i = 1, count do
    local value = list[i]
    local kind = type(value)
    if kind == "string" then
      if not utf8.len(value) then
        list[i] = py.binary()
      end
    elseif kind == "userdata" then
      local handle = thing_of[value]
      if handle then
        list[i] = handle
      elseif data_of[value] then
        list[i] = py.array(value, data_of[value].n)
      end
    end
  end
  return unpack(list, 1, count)
end

local function caller(name, call)
  return function(...)
    local _, main = real.running()
    local count = select("#", ...)
    return finish(call(name, main, count, plain(count, { ... })))
  end
end

local functions = {}
reaper = setmetatable({}, {
  __index = function(_, name)
    local found = functions[name]
    if found == nil then
      if py.known(name) then
        found = caller(name, py.call)
        functions[name] = found
      else
        violate("reaper." .. tostring(name) .. " is not a function of this REAPER")
      end
    end
    return found
  end,
  __newindex = function(_, name)
    violate("a script must not write reaper." .. tostring(name))
  end,
})

local drawing = {}
gfx = setmetatable({}, {
  __index = function(_, name)
    local found = drawing[name]
    if found then
      return found
    end
    local kind = py.gfx_kind(name)
    if kind == "function" then
      drawing[name] = caller(name, py.gfx_call)
      return drawing[name]
    elseif kind == "variable" then
      return py.gfx_get(name)
    end
    violate("gfx." .. tostring(name) .. " does not exist")
  end,
  __newindex = function(_, name, value)
    local kind = py.gfx_kind(name)
    if kind ~= "variable" then
      violate("gfx." .. tostring(name) .. " does not exist")
    end
    if type(value) ~= "number" then
      violate("gfx." .. name .. " takes a number")
    end
    py.gfx_set(name, value + 0.0)
  end,
})

-- Instructions are counted by the thousand, in coroutines too.
local counted, bytes_read = 0, 0
local function count()
  counted = counted + 1
end
local function watch(co)
  debug.sethook(co, count, "", 1000)
  return co
end
debug.sethook(count, "", 1000)
local create, resume = coroutine.create, coroutine.resume
coroutine.create = function(body)
  return watch(create(body))
end
coroutine.wrap = function(body)
  local co = watch(create(body))
  return function(...)
    local function out(ok, ...)
      if ok then
        return ...
      end
      error((...), 2)
    end
    return out(resume(co, ...))
  end
end
function M.counted()
  local instructions, bytes = counted, bytes_read
  counted, bytes_read = 0, 0
  return instructions * 1000, bytes
end

-- Files are real; the host only keeps count. Processes go through ExecProcess.
local function weigh(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "string" then
      bytes_read = bytes_read + #value
    end
  end
  return ...
end
local file_functions = getmetatable(io.stdout).__index
local read, file_lines = file_functions.read, file_functions.lines
file_functions.read = function(...)
  return weigh(read(...))
end
file_functions.lines = function(...)
  local step = file_lines(...)
  return function()
    return weigh(step())
  end
end
local function named(path)
  if type(path) == "string" and not utf8.len(path) then
    violate("a path must be UTF-8")
  end
  return path
end

io.open = function(path, mode)
  named(path)
  local file, why, code = real.open(path, mode)
  py.opened(path, mode or "r", file ~= nil)
  return file, why, code
end
os.remove = function(path)
  named(path)
  py.opened(path, "remove", true)
  return real.remove(path)
end
os.rename = function(from, to)
  named(from)
  named(to)
  if py.windows() and py.exists(to) then
    return nil, to .. ": File exists", 17
  end
  py.opened(to, "rename", true)
  return real.rename(from, to)
end
for name, home in pairs({ popen = io, execute = os, exit = os }) do
  home[name] = function()
    violate(name .. " must not be used: it stops REAPER's window")
  end
end
local lines = io.lines
io.lines = function(path, ...)
  if not path then
    violate("io.lines without a path waits for a terminal that REAPER doesn't have")
  end
  py.opened(named(path), "r", true)
  local step = lines(path, ...)
  return function()
    return weigh(step())
  end
end
io.read = function()
  violate("io.read waits for a terminal that REAPER doesn't have")
end
print = function()
  violate("print writes to a terminal that REAPER doesn't have")
end
io.write = print

function M.load(path, name)
  local file = assert(real.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return load(text, "@" .. name, "t")
end
function M.protect(fn)
  return xpcall(fn, function(why)
    return debug.traceback(tostring(why), 2)
  end)
end
return M
