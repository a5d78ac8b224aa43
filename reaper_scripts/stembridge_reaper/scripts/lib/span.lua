-- The one home of every conversion between project time, source frames and stem frames.
--
-- Project time and source time are seconds in a double; frames are integers. A time that is a whole frame
-- as far as a double can tell is that frame; otherwise regions begin at the frame before and end at the
-- frame behind, so that nothing of the item is left out.

local M = {}

local LEAST = 1e-9
local ROUNDING = 2.0 ^ -50

local function whole(value)
  local nearest = math.floor(value + 0.5)
  if math.abs(value - nearest) <= math.max(LEAST, math.abs(value) * ROUNDING) then
    return nearest
  end
  return nil
end

--- Give the last frame that begins at or before a time (seconds, at `rate` Hz).
function M.frame_at_or_before(seconds, rate)
  return whole(seconds * rate) or math.floor(seconds * rate)
end

--- Give the first frame that begins at or behind a time (seconds, at `rate` Hz).
function M.frame_at_or_after(seconds, rate)
  return whole(seconds * rate) or math.ceil(seconds * rate)
end

--- Give the nearest frame, halves up.
function M.nearest_frame(seconds, rate)
  return math.floor(seconds * rate + 0.5)
end

--- Give the time of a frame.
function M.seconds(frames, rate)
  return frames / rate
end

--- From a stretch of source time to source frames.
--
-- `first_second` and `last_second` are counted from the start of the file; `total` frames are in it. What
-- lies outside the file is silence and isn't sent. Gives the first frame and the count, which is 0 where
-- nothing of the file is touched.
function M.source_region(first_second, last_second, rate, total)
  local first = math.max(0, M.frame_at_or_before(first_second, rate))
  local last = math.min(total, M.frame_at_or_after(last_second, rate))
  return first, math.max(0, last - first)
end

--- From project time to the frames of a render at `rate`: first frame (counted from project time 0) and
-- count. The render, and the item of its stems, begins at most one sample before `start`.
function M.project_region(start, stop, rate)
  local first = M.frame_at_or_before(start, rate)
  return first, math.max(0, M.frame_at_or_after(stop, rate) - first)
end

--- Give the count of frames that hold an item `length` seconds long whose first sample is read at its start.
function M.item_frames(length, rate)
  return math.max(0, M.frame_at_or_after(length, rate))
end

--- Give the start offset of a stem's take: where in the stem the source time `first_second` lies, when the
-- stem begins at `first_frame` of the file. Negative only where the item begins before its file does.
function M.stem_startoffs(first_second, first_frame, rate)
  local offset = first_second - first_frame / rate
  if first_second >= 0 and offset < 0 then
    return 0.0 -- the rounding of a double, no time
  end
  return offset
end

--- Give the source time (seconds from the source's start) that an item plays `seconds` after its start.
function M.source_time(startoffs, playrate, seconds)
  return startoffs + seconds * playrate
end

--- Give the stretch of source time that a take with stretch markers plays: least and largest source time.
--
-- `markers` is a list of {pos, srcpos}, pos in seconds of take time (item time times play rate), ascending.
-- Between two markers source time runs straight (or bent, but no further than they); outside it runs on
-- at the take's own speed.
function M.stretched(markers, length, playrate)
  local stop = length * playrate
  local function at(time)
    local before, after
    for _, marker in ipairs(markers) do
      if marker.pos <= time then
        before = marker
      elseif not after then
        after = marker
      end
    end
    if before and after then
      local along = (time - before.pos) / (after.pos - before.pos)
      return before.srcpos + along * (after.srcpos - before.srcpos)
    end
    local marker = before or after
    return marker.srcpos + (time - marker.pos)
  end
  local low, high = at(0), at(stop)
  low, high = math.min(low, high), math.max(low, high)
  for _, marker in ipairs(markers) do
    if marker.pos > 0 and marker.pos < stop then
      low, high = math.min(low, marker.srcpos), math.max(high, marker.srcpos)
    end
  end
  return low, high
end

return M
