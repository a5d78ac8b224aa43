-- Reading a take through its audio accessor into a float WAV, a few slices per defer tick.
--
-- The accessor's time is the item's: 0 is its start. Silence is answered with 0 and leaves the buffer as
-- it was, so the buffer is cleared before every call; and it mustn't be read in a coroutine.

local wav = require("wav")

local M = {}

local SAMPLES = 8192
local SECONDS_PER_TICK = 0.012
local SLICES_PER_TICK = 2

local Reader = {}
Reader.__index = Reader

--- Begin to read `frames` frames at `rate`, from `start` seconds of the item on, into a WAV at `path`.
-- Gives a reader, or nil and a sentence.
function M.open(take, path, start, frames, rate, channels)
  local writer, sentence = wav.create(path, rate, channels, frames)
  if not writer then
    return nil, sentence
  end
  local accessor = reaper.CreateTakeAudioAccessor(take)
  if not accessor then
    writer:drop()
    return nil, "REAPER can't read this item's audio."
  end
  return setmetatable({
    writer = writer,
    accessor = accessor,
    buffer = reaper.new_array(math.max(1, SAMPLES // channels) * channels),
    slice = math.max(1, SAMPLES // channels),
    start = start,
    frames = frames,
    rate = rate,
    channels = channels,
    done = 0,
    peak = 0.0,
  }, Reader)
end

--- Give the reader up; nothing of the file stays.
function Reader:drop()
  if self.accessor then
    reaper.DestroyAudioAccessor(self.accessor)
    self.accessor = nil
  end
  if self.writer then
    self.writer:drop()
    self.writer = nil
  end
end

local STEP = 61

-- A rough peak: every 61st sample, which is no divisor of a usual pattern.
local function rough_peak(samples, count, peak)
  for index = 1, count, STEP do
    local size = samples[index]
    size = size < 0 and -size or size
    if size > peak then
      peak = size
    end
  end
  return peak
end

local function slice(reader)
  local count = math.min(reader.slice, reader.frames - reader.done)
  local time = reader.start + reader.done / reader.rate
  reader.buffer.clear()
  local answer =
    reaper.GetAudioAccessorSamples(reader.accessor, reader.rate, reader.channels, time, count, reader.buffer)
  if answer == nil or answer < 0 then
    return nil, "REAPER can't read this item's audio."
  end
  local samples = reader.buffer.table(1, count * reader.channels)
  reader.peak = rough_peak(samples, #samples, reader.peak)
  reader.done = reader.done + count
  return reader.writer:append(samples, #samples)
end

--- Read for some milliseconds. Gives true when the file is whole, false when there is more to read, nil
-- and a sentence when it can't be.
function Reader:step()
  local stop = reaper.time_precise() + SECONDS_PER_TICK
  for _ = 1, SLICES_PER_TICK do
    if self.done >= self.frames then
      break
    end
    local fine, sentence
    if reaper.AudioAccessorStateChanged(self.accessor) then
      sentence = "The item was changed while it was read: start again."
    else
      fine, sentence = slice(self)
    end
    if not fine then
      self:drop()
      return nil, sentence
    end
    if reaper.time_precise() >= stop then
      break
    end
  end
  if self.done < self.frames then
    return false
  end
  local writer = self.writer
  self.writer = nil
  self:drop()
  return writer:finish()
end

return M
