-- Files and paths. Everything is UTF-8. What has one writer and many readers appears by a rename, so
-- that nobody reads half of it; what is unfinished is called *.part, as in the core.

local M = {}

--- What stands between a path's parts on this system.
M.separator = package.config:sub(1, 1)

--- Join a folder and names; a separator at a part's end is not doubled.
-- On Windows both separators are understood, and the folder's own is used.
function M.join(folder, ...)
  local path = folder
  for _, name in ipairs({ ... }) do
    local separator = M.separator
    if separator == "\\" and path:find("/", 1, true) and not path:find("\\", 1, true) then
      separator = "/"
    end
    local last = path:sub(-1)
    local ends = last == "/" or (M.separator == "\\" and last == "\\")
    path = (path == "" or ends) and path .. name or path .. separator .. name
  end
  return path
end

local function marks()
  return M.separator == "\\" and "[/\\]" or "/"
end

--- Give the folder a path lies in (without its last separator, but for a root), or "".
function M.parent(path)
  local mark = marks()
  local folder = path:match("^(.*)" .. mark .. "[^" .. mark:gsub("[%[%]]", "") .. "]*$")
  if not folder then
    return ""
  end
  if folder == "" or folder:find("^%a:$") then
    return path:sub(1, #folder + 1)
  end
  return folder
end

--- Give a path's last part.
function M.name(path)
  local parent = M.parent(path)
  local name = path:sub(#parent + 1)
  return (name:gsub("^" .. marks(), ""))
end

--- Give a file's name without its extension. A name that starts with its only dot has none.
function M.stem(path)
  local name = M.name(path)
  return name:match("^(.+)%.[^.]*$") or name
end

--- Give a file's extension in small letters, without the dot, or "".
function M.extension(path)
  return (M.name(path):match("^.+%.([^.]+)$") or ""):lower()
end

--- Say whether a path is absolute on this system (a drive letter or a share on Windows).
function M.is_absolute(path)
  if M.separator == "\\" then
    return path:find("^%a:[/\\]") ~= nil or path:find("^[/\\][/\\]") ~= nil
  end
  return path:sub(1, 1) == "/"
end

--- Say whether two paths name the same file, as far as their text tells.
function M.same(one, other)
  if M.separator == "\\" then
    return one:gsub("/", "\\"):lower() == other:gsub("/", "\\"):lower()
  end
  return one == other
end

-- What no file system minds, bar a trailing dot or space and the devices of old on Windows.
local FORBIDDEN = '[\0-\31\127/\\:*?"<>|]'
local DEVICES = { con = true, prn = true, aux = true, nul = true }

--- Make a name that every system takes as a file's or a folder's; at most `longest` bytes (default 80).
function M.safe_name(text, longest)
  local name = text:gsub(FORBIDDEN, " "):gsub("%s+", " "):gsub("^[ .]+", "")
  longest = longest or 80
  if #name > longest then
    local cut = longest
    while cut > 0 and name:byte(cut + 1) >= 0x80 and name:byte(cut + 1) < 0xC0 do
      cut = cut - 1
    end
    name = name:sub(1, cut)
  end
  name = name:gsub("[ .]+$", "")
  local word = name:lower():match("^[^.]*")
  if name == "" or DEVICES[word] or word:find("^com%d$") or word:find("^lpt%d$") then
    name = "audio" .. (name == "" and "" or " " .. name)
  end
  return name
end

--- Say whether a file can be opened for reading.
function M.exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- Give a file's length in bytes, or nil.
function M.size(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local size = file:seek("end")
  file:close()
  return size
end

--- Read up to `most` bytes from `offset` (0 = the beginning). Gives text (empty at the end), or nil.
function M.read_at(path, offset, most)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text
  if file:seek("set", offset) then
    text = file:read(most) or ""
  end
  file:close()
  return text
end

--- Read a whole small file. Gives text, or nil and a sentence; a file above `most` bytes is refused.
function M.read(path, most)
  most = most or 4 * 1024 * 1024
  local text = M.read_at(path, 0, most + 1)
  if not text then
    return nil, ("'%s' can't be read."):format(path)
  end
  if #text > most then
    return nil, ("'%s' is larger than it should be."):format(path)
  end
  return text
end

local function write_plain(path, text)
  local file, words = io.open(path, "wb")
  if not file then
    return nil, words
  end
  local fine, why = file:write(text)
  local closed, late = file:close()
  if fine and closed then
    return true
  end
  return nil, why or late
end

--- Write a file so that it appears whole: under another name first, then renamed. A file of that name
-- is replaced. Gives true, or nil and a sentence.
function M.write(path, text)
  local part = path .. ".part"
  local fine, words = write_plain(part, text)
  if fine then
    fine, words = os.rename(part, path)
    if not fine and M.exists(path) then -- Windows doesn't rename over a file
      os.remove(path)
      fine, words = os.rename(part, path)
    end
  end
  if fine then
    return true
  end
  os.remove(part)
  return nil, ("'%s' can't be written (%s)."):format(path, tostring(words))
end

--- Create an empty file: a wish whose existence is all it says. Gives true, or nil and a sentence.
function M.touch(path)
  local fine, words = write_plain(path, "")
  if fine then
    return true
  end
  return nil, ("'%s' can't be written (%s)."):format(path, tostring(words))
end

--- Make a folder and those above it. Gives true, or nil and a sentence.
function M.make_folder(path)
  reaper.RecursiveCreateDirectory(path, 0)
  -- Its answer doesn't tell an old folder from a failure; a file that can be written does.
  local probe = M.join(path, "probe.part")
  if not M.touch(probe) then
    return nil, ("The folder '%s' can't be written to."):format(path)
  end
  os.remove(probe)
  return true
end

return M
