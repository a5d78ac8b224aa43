-- Which widget has the keyboard. The order is that in which a frame names its widgets. No drawing.
local M = {}
M.__index = M

function M.new()
  return setmetatable({ order = {}, now = {}, id = nil }, M)
end

--- Begin a frame.
function M:begin()
  self.now = {}
end

--- Name a widget that can have the keyboard; true when it has it.
function M:add(id)
  self.now[#self.now + 1] = id
  return self.id == id
end

--- End a frame: a focus whose widget is gone falls to the one at its place.
function M:finish()
  local before = self.order
  self.order = self.now
  if self.id == nil or #self.order == 0 then
    return
  end
  for _, id in ipairs(self.order) do
    if id == self.id then
      return
    end
  end
  local place = 1
  for index, id in ipairs(before) do
    if id == self.id then
      place = index
    end
  end
  self.id = self.order[math.min(place, #self.order)]
end

--- Give the keyboard to a widget.
function M:set(id)
  self.id = id
end

--- Hand the keyboard on; round at both ends.
-- @param by 1 for the next widget, -1 for the one before
function M:move(by)
  if #self.order == 0 then
    return
  end
  local place = by > 0 and 0 or #self.order + 1
  for index, id in ipairs(self.order) do
    if id == self.id then
      place = index
    end
  end
  self.id = self.order[(place - 1 + by) % #self.order + 1]
end

return M
