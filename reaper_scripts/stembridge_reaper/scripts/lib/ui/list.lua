-- A list of many rows of which few are seen: selection, scrolling, keys. No drawing.
local M = {}
M.__index = M

--- Make a list.
-- @param pickable function(row) -> boolean; nil: every row can be selected (headings can't)
function M.new(pickable)
  return setmetatable({ rows = {}, at = 0, top = 1, page = 1, pickable = pickable }, M)
end

local function can(self, index)
  local row = self.rows[index]
  return row ~= nil and (not self.pickable or self.pickable(row))
end

--- Give the nearest row that can be selected from `index` on in the direction; nil for none.
local function nearest(self, index, step)
  while index >= 1 and index <= #self.rows do
    if can(self, index) then
      return index
    end
    index = index + step
  end
  return nil
end

--- Exchange the rows; the selection stays on the row with the same `id` where there is one.
function M:set(rows)
  local id = self:id()
  self.rows = rows
  self.at = 0
  for index, row in ipairs(rows) do
    if id ~= nil and row.id == id and can(self, index) then
      self.at = index
      break
    end
  end
  self:scroll(0)
end

--- Give the selected row; nil for none.
function M:row()
  return self.rows[self.at]
end

--- Give its id; nil for none.
function M:id()
  local row = self.rows[self.at]
  return row and row.id
end

--- Select a row by its number and bring it into sight; false where that can't be.
function M:select(index)
  if not can(self, index) then
    return false
  end
  self.at = index
  self:show(index)
  return true
end

--- Select the row of an id; false where there is none.
function M:select_id(id)
  for index, row in ipairs(self.rows) do
    if row.id == id then
      return self:select(index)
    end
  end
  return false
end

--- Select the first row that can be.
function M:select_first()
  local index = nearest(self, 1, 1)
  return index ~= nil and self:select(index)
end

--- Move the selection by a number of rows, over what can't be selected.
function M:move(by)
  if by == 0 or #self.rows == 0 then
    return
  end
  local step = by > 0 and 1 or -1
  local goal = math.max(1, math.min(#self.rows, self.at + by))
  local index = nearest(self, goal, step) or nearest(self, goal, -step)
  if index then
    self:select(index)
    -- A heading above the first row comes into sight with it.
    if step < 0 and not nearest(self, index - 1, -1) then
      self:show(1)
    end
  end
end

--- Say how many rows are seen at once.
function M:see(page)
  if page ~= self.page then
    self.page = math.max(1, page)
    if self.at <= self.page then
      self.top = 1
    end
    self:scroll(0)
    if self.at > 0 then
      self:show(self.at)
    end
  end
end

--- Scroll by a number of rows.
function M:scroll(by)
  local last = math.max(1, #self.rows - self.page + 1)
  self.top = math.max(1, math.min(last, self.top + by))
end

--- Bring a row into sight.
function M:show(index)
  if index < self.top then
    self.top = index
  elseif index > self.top + self.page - 1 then
    self.top = index - self.page + 1
  end
  self:scroll(0)
end

--- Give the first and the last row that are seen.
function M:visible()
  return self.top, math.min(#self.rows, self.top + self.page - 1)
end

--- Let the list take a key; true when it was one of the list's.
function M:key(name)
  if name == "up" then
    self:move(-1)
  elseif name == "down" then
    self:move(1)
  elseif name == "pageup" then
    self:move(-self.page)
  elseif name == "pagedown" then
    self:move(self.page)
  elseif name == "home" then
    self:move(-#self.rows)
  elseif name == "end" then
    self:move(#self.rows)
  else
    return false
  end
  return true
end

return M
