-- What the user has selected and looks at, kept over an import.

local M = {}

local function selected_items(proj)
  local found = {}
  for index = 0, reaper.CountSelectedMediaItems(proj) - 1 do
    found[#found + 1] = reaper.GetSelectedMediaItem(proj, index)
  end
  return found
end

local function selected_tracks(proj)
  local found = {}
  for index = 0, reaper.CountSelectedTracks2(proj, true) - 1 do
    found[#found + 1] = reaper.GetSelectedTrack2(proj, index, true)
  end
  return found
end

local function same(one, other)
  if #one ~= #other then
    return false
  end
  for index, value in ipairs(one) do
    if value ~= other[index] then
      return false
    end
  end
  return true
end

local function restore_items(proj, before)
  local now = selected_items(proj)
  if same(before, now) then
    return
  end
  for _, item in ipairs(now) do
    reaper.SetMediaItemSelected(item, false)
  end
  for _, item in ipairs(before) do
    reaper.SetMediaItemSelected(item, true)
  end
end

local function restore_tracks(proj, before)
  local now = selected_tracks(proj)
  if same(before, now) then
    return
  end
  for _, track in ipairs(now) do
    reaper.SetTrackSelected(track, false)
  end
  for _, track in ipairs(before) do
    reaper.SetTrackSelected(track, true)
  end
end

--- Remember selections, time selection, loop, cursor and view of the current tab. Gives a function that
-- brings back what has changed; nothing that was selected may have been deleted meanwhile.
function M.keep(proj)
  local items, tracks = selected_items(proj), selected_tracks(proj)
  local from, to = reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false)
  local loop_from, loop_to = reaper.GetSet_LoopTimeRange2(proj, false, true, 0, 0, false)
  local cursor = reaper.GetCursorPositionEx(proj)
  local left, right = reaper.GetSet_ArrangeView2(proj, false, 0, 0, 0, 0)
  return function()
    restore_items(proj, items)
    restore_tracks(proj, tracks)
    if not same({ from, to }, { reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false) }) then
      reaper.GetSet_LoopTimeRange2(proj, true, false, from, to, false)
    end
    if not same({ loop_from, loop_to }, { reaper.GetSet_LoopTimeRange2(proj, false, true, 0, 0, false) }) then
      reaper.GetSet_LoopTimeRange2(proj, true, true, loop_from, loop_to, false)
    end
    if reaper.GetCursorPositionEx(proj) ~= cursor then
      reaper.SetEditCurPos2(proj, cursor, false, false)
    end
    if not same({ left, right }, { reaper.GetSet_ArrangeView2(proj, false, 0, 0, 0, 0) }) then
      reaper.GetSet_ArrangeView2(proj, true, 0, 0, left, right)
    end
  end
end

return M
