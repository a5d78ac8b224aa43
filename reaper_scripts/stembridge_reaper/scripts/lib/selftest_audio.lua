-- The self-test's checks of audio: renders, accessors, offsets. What was an inference is settled here.
local bench_module = require("selftest_bench")

local M = {}

local RATES = { 44100, 48000, 96000 }
-- Below this a comparison counts as equal: float WAV in, float WAV out.
local EQUAL_DB = -90
local WINDOW = 400

local function frames_of(rate)
  return rate * 2 // 5
end

local function name_of(rate)
  return ("noise %d.wav"):format(rate)
end

--- Give the steps that make the files.
function M.material(bench)
  local steps = {}
  for _, rate in ipairs(RATES) do
    steps[#steps + 1] = (bench:make_wav(name_of(rate), rate, frames_of(rate)))
  end
  return steps
end

local function source(bench, rate)
  return bench:path(name_of(rate)), frames_of(rate)
end

local function select_only(bench, ...)
  reaper.SelectAllMediaItems(bench.proj, false)
  for _, item in ipairs({ ... }) do
    reaper.SetMediaItemSelected(item, true)
  end
end

-- Hold a window of a render against the test signal; frame 0 of the signal is expected at frame `at`.
local function against(path, header, window, at, frames)
  local samples = bench_module.read(path, header, window, WINDOW)
  return bench_module.residual(samples, function(index)
    return bench_module.sample(window + index - at, frames)
  end)
end

local function gain_words(gain)
  return gain and math.abs(gain) > 0.01 and (", level %+.2f dB"):format(gain) or ""
end

local function check_frames(bench, rate)
  bench:clear()
  local path, frames = source(bench, rate)
  -- Off the grid at both ends, by little: white noise that is moved by half a sample is another noise.
  local position, length = 5443.12 / rate, 9000.37 / rate
  local item = bench.item(bench:track(), path, position, length)
  select_only(bench, item)
  local first, last = math.floor(position * rate), math.ceil((position + length) * rate)
  local out, header = bench:render(bench.proj, rate, first / rate, last / rate)
  if not out then
    return false, header
  end
  local best, offset = 0, nil
  for lag = -2, 2 do
    local left = against(out, header, 1000, lag, frames)
    if left < best then
      best, offset = left, lag
    end
  end
  local words = ("%d frames, %d expected"):format(header.frames, last - first)
  words = words
    .. (offset and (", content %+d frames (%.0f dB)"):format(offset, best) or ", content not found")
  return header.frames == last - first and offset ~= nil and math.abs(offset) <= 1, words
end

local function check_null(bench, rate)
  bench:clear()
  local path, frames = source(bench, rate)
  local at = rate // 10
  local item = bench.item(bench:track(), path, at / rate, frames / rate)
  select_only(bench, item)
  local out, header = bench:render(bench.proj, rate, at / rate, (at + frames) / rate)
  if not out then
    return false, header
  end
  local head, gain = against(out, header, 0, 0, frames)
  local tail = against(out, header, frames - WINDOW, 0, frames)
  local words = ("start %.0f dB, end %.0f dB%s"):format(head, tail, gain_words(gain))
  return head <= EQUAL_DB and tail <= EQUAL_DB and header.frames == frames, words
end

-- Read left samples by an accessor of a take.
local function read_take(take, rate, seconds, count)
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local buffer = reaper.new_array(count * 2)
  buffer.clear()
  local got = reaper.GetAudioAccessorSamples(accessor, rate, 2, seconds, count, buffer)
  reaper.DestroyAudioAccessor(accessor)
  local interleaved, samples = buffer.table(), {}
  for index = 1, count do
    samples[index] = interleaved[2 * index - 1]
  end
  return samples, got
end

local function check_accessor(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  local skip = 2400
  local item, take = bench.item(bench:track(), path, 1.0, 0.25, skip / rate)
  reaper.SetMediaItemInfo_Value(item, "D_VOL", 0.5)
  local samples, got = read_take(take, rate, 0, WINDOW)
  local left, gain = bench_module.residual(samples, function(index)
    return bench_module.sample(skip + index, frames)
  end)
  local words = ("returned %d, %.0f dB%s; the item's volume of -6 dB %s"):format(
    math.floor(got),
    left,
    gain_words(gain),
    gain and gain < -3 and "is in it" or "is not in it"
  )
  return left <= EQUAL_DB and gain ~= nil and math.abs(gain) < 0.01, words
end

local function check_accessor_fx(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  local _, take = bench.item(bench:track(), path, 0, 0.25)
  local fx = reaper.TakeFX_AddByName(take, "JS: Volume Adjustment", 1)
  if fx < 0 then
    return nil, "the effect 'JS: Volume Adjustment' isn't there"
  end
  reaper.TakeFX_SetParam(take, fx, 0, -12)
  local samples = read_take(take, rate, 0, WINDOW)
  local _, gain = bench_module.residual(samples, function(index)
    return bench_module.sample(index, frames)
  end)
  local printed = gain ~= nil and math.abs(gain) > 1
  return "note",
    printed and "take effects are in what an accessor reads" or "an accessor reads before take effects"
end

local function check_selection(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  local track = bench:track()
  local one = bench.item(track, path, 0.0, 0.1)
  local two = bench.item(track, path, 0.2, 0.1)
  local three = bench.item(bench:track(), path, 0.25, 0.1, 0.05)
  bench.item(bench:track(), path, 0.0, 0.35)
  select_only(bench, one, two, three)
  local out, header = bench:render(bench.proj, rate, 0, 0.35)
  if not out then
    return false, header
  end
  local alone = against(out, header, 1000, 0, frames)
  local gap = bench_module.peak(bench_module.read(out, header, 7000, WINDOW))
  local window = 13000
  local both = bench_module.residual(bench_module.read(out, header, window, WINDOW), function(index)
    local frame = window + index
    return bench_module.sample(frame - 9600, frames) + bench_module.sample(frame - 12000 + 2400, frames)
  end)
  local words = ("alone %.0f dB, overlap %.0f dB, gap peaks at %.6f"):format(alone, both, gap)
  return alone <= EQUAL_DB and both <= EQUAL_DB and gap < 1e-6, words
end

local function check_offset(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  local track = bench:track()
  select_only(bench, (bench.item(track, path, 0.1, 0.2)))
  reaper.SetMediaTrackInfo_Value(track, "I_PLAY_OFFSET_FLAG", 0)
  reaper.SetMediaTrackInfo_Value(track, "D_PLAY_OFFSET", 0.05)
  local out, header = bench:render(bench.proj, rate, 0.1, 0.4)
  if not out then
    return false, header
  end
  local moved = against(out, header, 4000, 2400, frames)
  local still = against(out, header, 4000, 0, frames)
  local words = ("moved %.0f dB, not moved %.0f dB"):format(moved, still)
  return moved <= EQUAL_DB, words
end

-- Effects that come with REAPER and report a latency.
local LATE = { "ReaFIR (FFT EQ+Dynamics Processor) (Cockos)", "ReaFIR", "JS: Time Adjustment Delay" }

local function check_latency(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  local track = bench:track()
  local latency
  for _, name in ipairs(LATE) do
    local fx = reaper.TrackFX_AddByName(track, name, false, 1)
    if fx >= 0 then
      local fine, text = reaper.TrackFX_GetNamedConfigParm(track, fx, "pdc")
      latency = fine and math.floor(tonumber(text) or 0) or 0
      if latency > 0 then
        break
      end
      reaper.TrackFX_Delete(track, fx)
    end
  end
  if not latency or latency == 0 then
    return nil, "no effect that comes with REAPER reported a latency"
  end
  select_only(bench, (bench.item(track, path, 0, 0.3)))
  local out, header = bench:render(bench.proj, rate, 0, 0.3)
  if not out then
    return false, header
  end
  local there = against(out, header, 8000, 0, frames)
  local late = against(out, header, 8000, latency, frames)
  local words = ("latency of %d: in place %.0f dB, late %.0f dB"):format(latency, there, late)
  return there < -20 and there < late, words
end

local function check_playrate(bench)
  bench:clear()
  local rate = 48000
  local path, frames = source(bench, rate)
  select_only(bench, (bench.item(bench:track(), path, 0, 0.3)))
  reaper.CSurf_OnPlayRateChange(1.5)
  local out, header = bench:render(bench.proj, rate, 0, 0.2)
  reaper.CSurf_OnPlayRateChange(1)
  if not out then
    return "note", header
  end
  local left = against(out, header, 2000, 0, frames)
  local same = header.frames == 9600 and left <= EQUAL_DB
  local words = same and "a render takes no notice of it"
    or ("a render changes with it: %d frames instead of 9600, %.0f dB"):format(header.frames, left)
  return "note", words
end

local function check_background(bench)
  bench:clear()
  local rate = 48000
  local path = source(bench, rate)
  select_only(bench, (bench.item(bench:track(), path, 0, 0.2)))
  local other, sentence = bench.new_tab()
  if not other then
    return nil, sentence
  end
  -- The other tab has a target of its own: should REAPER render that one, nothing of the user's is touched.
  local render_settings = require("render_settings")
  local decoy = { folder = bench.folder, name = "decoy", rate = rate, channels = 2 }
  bench:path("decoy.wav")
  render_settings.apply(other, decoy, 0, 0.1)
  reaper.GetSetProjectInfo(other, "RENDER_SETTINGS", 0, true)
  local out = bench:render(bench.proj, rate, 0, 0.2)
  local _, left = bench:close_tab(other)
  bench:enter()
  local words = out and "a tab in the background is rendered when it is named"
    or "a tab in the background isn't rendered: it has to be the current one"
  return "note", words .. (left and ". " .. left or "")
end

--- Give the checks: a list of {title=, run=function(bench) -> true|false|nil (left out)|"note", words}.
function M.checks()
  local checks = {}
  local function add(title, run)
    checks[#checks + 1] = { title = title, run = run }
  end
  for _, rate in ipairs(RATES) do
    add(("A render has the frames it was asked for (%d Hz)"):format(rate), function(bench)
      return check_frames(bench, rate)
    end)
    add(("A render starts on the item's first frame (%d Hz)"):format(rate), function(bench)
      return check_null(bench, rate)
    end)
  end
  add("An accessor counts from the item's start, before its volume", check_accessor)
  add("Accessor and take effects", check_accessor_fx)
  add("Selected items only: gaps silent, overlaps mixed", check_selection)
  add("A track's playback offset is in the render", check_offset)
  add("Effects with latency are compensated", check_latency)
  add("Master play rate", check_playrate)
  add("Rendering a tab in the background", check_background)
  return checks
end

return M
