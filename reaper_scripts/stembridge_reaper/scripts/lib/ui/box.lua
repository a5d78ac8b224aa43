-- Boxes {x, y, w, h} in pixels, and how a window is cut into them. No drawing.
local M = {}

function M.new(x, y, w, h)
  return { x = x, y = y, w = math.max(0, w), h = math.max(0, h) }
end

--- Tell whether a point lies in a box.
function M.holds(box, x, y)
  return x >= box.x and y >= box.y and x < box.x + box.w and y < box.y + box.h
end

--- Give a box that is smaller by a margin on every side.
function M.inset(box, dx, dy)
  dy = dy or dx
  return M.new(box.x + dx, box.y + dy, box.w - 2 * dx, box.h - 2 * dy)
end

--- Cut a piece off a side; give the piece and what is left, with a gap between them.
function M.cut(box, side, size, gap)
  gap = gap or 0
  if side == "top" then
    size = math.min(size, box.h)
    return M.new(box.x, box.y, box.w, size), M.new(box.x, box.y + size + gap, box.w, box.h - size - gap)
  elseif side == "bottom" then
    size = math.min(size, box.h)
    return M.new(box.x, box.y + box.h - size, box.w, size), M.new(box.x, box.y, box.w, box.h - size - gap)
  elseif side == "left" then
    size = math.min(size, box.w)
    return M.new(box.x, box.y, size, box.h), M.new(box.x + size + gap, box.y, box.w - size - gap, box.h)
  end
  size = math.min(size, box.w)
  return M.new(box.x + box.w - size, box.y, size, box.h), M.new(box.x, box.y, box.w - size - gap, box.h)
end

--- Lay things of given widths into rows of a width.
-- @return a list of {row=, x=} (row from 0, x from the left), and the number of rows
function M.flow(widths, width, gap)
  local places, row, x = {}, 0, 0
  for index, w in ipairs(widths) do
    if x > 0 and x + w > width then
      row, x = row + 1, 0
    end
    places[index] = { row = row, x = x }
    x = x + w + gap
  end
  return places, #widths > 0 and row + 1 or 0
end

--- Give the rows of a form that are seen whole: the last index that fits from `top` on.
-- A first row that is higher than the space counts as seen.
function M.page(heights, top, space)
  local used, last = 0, top - 1
  for index = top, #heights do
    used = used + heights[index]
    if used > space and index > top then
      break
    end
    last = index
    if used > space then
      break
    end
  end
  return last
end

--- Give the last top from which a form shows its end.
function M.last_top(heights, space)
  local used = 0
  for index = #heights, 1, -1 do
    used = used + heights[index]
    if used > space then
      return math.min(index + 1, #heights)
    end
  end
  return 1
end

return M
