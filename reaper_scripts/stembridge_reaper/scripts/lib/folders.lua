-- Folder depths as REAPER keeps them, as pure functions: a track's depth says what it does to the level
-- of the tracks behind it (1 opens a folder, -1 closes one, -2 two, ...).

local M = {}

-- The level a track lies on, for each track and one behind the last. Closing more than is open is no error.
local function levels(depths)
  local found, level = {}, 0
  for index, depth in ipairs(depths) do
    found[index] = level
    level = math.max(0, level + depth)
  end
  found[#depths + 1] = level
  return found
end

-- Give the last track that belongs to the track at `index`: itself, or the end of its folder.
function M.last_of(depths, index)
  if depths[index] < 1 then
    return index
  end
  local level = levels(depths)
  for last = index, #depths do
    if level[last + 1] <= level[index] then
      return last
    end
  end
  return #depths
end

-- Plan `count` new tracks directly below the track at `index` (1-based), beside it in the same folder;
-- below a folder they come behind its last track. index 0: behind everything, on the top level.
-- folder: one more track comes first, and the others lie in it.
--
-- Gives {after = existing track above the new ones, depths = depths of the new tracks,
-- depth = new depth of the track `after` (nil where it stays)}.
function M.plan(depths, index, count, folder)
  local after, own, handed = #depths, nil, 0
  local level = levels(depths)
  if index > 0 then
    after = M.last_of(depths, index)
  end
  if after > 0 then
    local home = index > 0 and level[index] or 0
    own = home - level[after]
    -- What closed more folders than its own now stands behind the new tracks.
    handed = math.min(0, depths[after] - own)
    if own == depths[after] or (index == 0 and level[after + 1] == 0) then
      own, handed = nil, 0
    end
  end
  local new = {}
  if folder then
    new[1] = 1
  end
  for _ = 1, count do
    new[#new + 1] = 0
  end
  new[#new] = new[#new] + handed - (folder and 1 or 0)
  return { after = after, depths = new, depth = own }
end

return M
