-- A large file is copied in slices of a defer tick, and appears whole or not at all.

local M = {}
M.__index = M

local SLICE = 2 * 1024 * 1024

--- Begin to copy a file. Gives a handle, or nil and a sentence.
function M.begin(from, to)
  local source, why = io.open(from, "rb")
  if not source then
    return nil, ("'%s' can't be read (%s)."):format(from, why)
  end
  local target
  target, why = io.open(to .. ".part", "wb")
  if not target then
    source:close()
    return nil, ("'%s' can't be written (%s)."):format(to, why)
  end
  return setmetatable({ source = source, target = target, to = to }, M)
end

local function refuse(self, why)
  self:drop()
  return nil, ("'%s' can't be written (%s)."):format(self.to, tostring(why))
end

--- Copy a slice. Gives true when the copy is there, false when there is more, nil and a sentence when it
-- can't be made.
function M:step()
  local slice = self.source:read(SLICE)
  if slice then
    local fine, why = self.target:write(slice)
    if not fine then
      return refuse(self, why)
    end
    return false
  end
  self.source:close()
  local fine, why = self.target:close()
  self.source, self.target = nil, nil
  if fine then
    fine, why = os.rename(self.to .. ".part", self.to)
  end
  if not fine then
    return refuse(self, why)
  end
  return true
end

--- Give the copy up; nothing stays.
function M:drop()
  for _, file in ipairs({ self.source or false, self.target or false }) do
    if file then
      file:close()
    end
  end
  self.source, self.target = nil, nil
  os.remove(self.to .. ".part")
end

return M
