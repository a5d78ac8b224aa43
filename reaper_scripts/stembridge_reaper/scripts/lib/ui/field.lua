-- A line of text that is being edited: characters, a caret, a marked stretch. No drawing.
local utext = require("ui.utext")

local M = {}
M.__index = M

--- Make a field.
-- @param text what stands in it
-- @param most the most characters, nil for 400
function M.new(text, most)
  local field = setmetatable({ most = most or 400 }, M)
  field:set(text or "")
  return field
end

--- Replace the whole text; the caret goes to its end.
function M:set(text)
  text = utext.valid((text:gsub("[%c]", " ")))
  self.text = utext.sub(text, 1, self.most)
  self.caret = utext.length(self.text)
  self.anchor = self.caret
end

--- Give the marked stretch as two caret positions, the smaller first.
function M:marked()
  return math.min(self.caret, self.anchor), math.max(self.caret, self.anchor)
end

function M:selected()
  local from, to = self:marked()
  return utext.sub(self.text, from + 1, to)
end

--- Mark everything.
function M:mark_all()
  self.anchor, self.caret = 0, utext.length(self.text)
end

local function cut(self, from, to, put)
  local before = utext.sub(self.text, 1, from)
  local after = utext.sub(self.text, to + 1)
  local room = self.most - utext.length(before) - utext.length(after)
  put = utext.sub(put, 1, math.max(0, room))
  self.text = before .. put .. after
  self.caret = from + utext.length(put)
  self.anchor = self.caret
end

--- Type a text at the caret; what is marked gives way.
function M:insert(text)
  local from, to = self:marked()
  cut(self, from, to, utext.valid((text:gsub("[%c]", " "))))
end

--- Put the caret at a position (0 = before the first character).
-- @param keep true: what lies between stays marked
function M:move(position, keep)
  self.caret = math.max(0, math.min(position, utext.length(self.text)))
  if not keep then
    self.anchor = self.caret
  end
end

local function word_left(self)
  local at = self.caret
  while at > 0 and utext.sub(self.text, at, at) == " " do
    at = at - 1
  end
  while at > 0 and utext.sub(self.text, at, at) ~= " " do
    at = at - 1
  end
  return at
end

local function word_right(self)
  local at, count = self.caret, utext.length(self.text)
  while at < count and utext.sub(self.text, at + 1, at + 1) ~= " " do
    at = at + 1
  end
  while at < count and utext.sub(self.text, at + 1, at + 1) == " " do
    at = at + 1
  end
  return at
end

local KEYS = {
  left = function(self, key)
    local from, to = self:marked()
    if key.ctrl then
      self:move(word_left(self), key.shift)
    elseif from ~= to and not key.shift then
      self:move(from)
    else
      self:move(self.caret - 1, key.shift)
    end
  end,
  right = function(self, key)
    local from, to = self:marked()
    if key.ctrl then
      self:move(word_right(self), key.shift)
    elseif from ~= to and not key.shift then
      self:move(to)
    else
      self:move(self.caret + 1, key.shift)
    end
  end,
  home = function(self, key)
    self:move(0, key.shift)
  end,
  ["end"] = function(self, key)
    self:move(utext.length(self.text), key.shift)
  end,
  backspace = function(self, key)
    local from, to = self:marked()
    if from == to then
      from = key.ctrl and word_left(self) or math.max(0, from - 1)
    end
    cut(self, from, to, "")
  end,
  delete = function(self, key)
    local from, to = self:marked()
    if from == to then
      to = key.ctrl and word_right(self) or math.min(utext.length(self.text), to + 1)
    end
    cut(self, from, to, "")
  end,
  ["ctrl+a"] = function(self)
    self:mark_all()
  end,
}

--- Let the field take a key (see `ui.keys`).
-- @return true when the key was one of the field's
function M:key(key)
  local act = KEYS[key.name]
  if act then
    act(self, key)
    return true
  end
  if key.char and not key.ctrl then
    self:insert(key.char)
    return true
  end
  return false
end

return M
