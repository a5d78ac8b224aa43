-- The self-test's workbench: a tab of its own, WAV files it makes itself, renders, and the comparison
-- with what was put in. Everything it makes lies in one folder, and goes with it.
local files = require("files")
local ids = require("ids")
local render_settings = require("render_settings")
local wav = require("wav")

local M = {}
M.__index = M

local NEW_TAB, CLOSE_TAB, RENDER = 41929, 40860, 42230
-- Frames that are made, or compared, in a tick at most.
M.SLICE = 3000

-- The test signal: white, the same every time, and known at every frame without being kept.
local function noise(frame)
  local h = (frame * 2654435761 + 40503) & 0xffffffff
  h = (h ~ (h >> 15)) * 2246822519 & 0xffffffff
  h = (h ~ (h >> 13)) * 3266489917 & 0xffffffff
  return ((h >> 16 & 0xffff) - 32768) / 65536
end

--- Give the left sample of the test signal at a frame, -0.5..0.5; 0 outside of it.
function M.sample(frame, frames)
  if frame < 0 or frame >= frames then
    return 0
  end
  return noise(frame)
end

--- Open the bench: its folder and its tab. Gives the bench, or nil and a sentence.
function M.open()
  local home = reaper.EnumProjects(-1)
  local base = files.join(reaper.GetResourcePath(), "Data", "Stembridge")
  local folder = files.join(base, "selftest " .. ids.new())
  local fine, sentence = files.make_folder(folder)
  if not fine then
    return nil, sentence
  end
  local bench = setmetatable({ home = home, base = base, folder = folder, made = {}, count = 0 }, M)
  bench.blank = bench:path("blank.rpp")
  local version = reaper.GetAppVersion():match("^[%d.]+") or "6.60"
  fine, sentence = files.write(bench.blank, ('<REAPER_PROJECT 0.1 "%s" 0\n>\n'):format(version))
  if fine then
    bench.proj, sentence = M.new_tab()
  end
  if not bench.proj then
    bench:clear_folder()
    return nil, sentence
  end
  return bench
end

--- Give the path of a file of the bench.
function M:path(name)
  local path = files.join(self.folder, name)
  self.made[path] = true
  return path
end

--- Open a tab and give its project; nil and a sentence when REAPER doesn't.
function M.new_tab()
  local before = reaper.EnumProjects(-1)
  reaper.Main_OnCommand(NEW_TAB, 0)
  local proj = reaper.EnumProjects(-1)
  if proj == before then
    return nil, "REAPER opened no new project tab."
  end
  return proj
end

--- Close a tab without a question. Gives true, or nil and a sentence when it has to stay.
function M:close_tab(proj)
  if not reaper.ValidatePtr(proj, "ReaProject*") then
    return true -- the user closed it
  end
  reaper.SelectProjectInstance(proj)
  reaper.Main_openProject("noprompt:" .. self.blank)
  local blank = reaper.EnumProjects(-1)
  if reaper.IsProjectDirty(blank) ~= 0 then
    return nil, "The test's project tab is still open: close it by hand, there is nothing in it."
  end
  reaper.Main_OnCommand(CLOSE_TAB, 0)
  return true
end

--- Make the bench's tab the current one; false when the user closed it.
function M:enter()
  if not reaper.ValidatePtr(self.proj, "ReaProject*") then
    return false
  end
  if reaper.EnumProjects(-1) ~= self.proj then
    reaper.SelectProjectInstance(self.proj)
  end
  return true
end

--- Go back to the user's tab.
function M:leave()
  if reaper.ValidatePtr(self.home, "ReaProject*") then
    reaper.SelectProjectInstance(self.home)
  end
end

function M:clear_folder()
  for path in pairs(self.made) do
    for _, name in ipairs({ path, path .. ".part", path .. ".reapeaks", path:gsub("%.rpp$", ".rpp-bak") }) do
      os.remove(name)
    end
  end
  os.remove(self.folder) -- stays, empty, where the system's remove takes files only
end

--- Close everything: the tab, the folder. Gives nil, or a sentence where something stays.
function M:close()
  local _, sentence = self:close_tab(self.proj)
  self:leave()
  self:clear_folder()
  return sentence
end

-- Material ---------------------------------------------------------------------------------------------

--- Begin to write a stereo WAV of the test signal; the right channel is the left one turned over.
-- @return a function that goes on with it: true when the file is there, nil and a sentence when it can't be
function M:make_wav(name, rate, frames)
  local path = self:path(name)
  local writer, sentence = wav.create(path, rate, 2, frames)
  local at = 0
  return function()
    if not writer then
      return nil, sentence
    end
    local count = math.min(M.SLICE, frames - at)
    local samples = {}
    for index = 0, count - 1 do
      local value = noise(at + index)
      samples[2 * index + 1], samples[2 * index + 2] = value, -value
    end
    at = at + count
    local fine, words = writer:append(samples, 2 * count)
    if not fine then
      writer:drop()
      return nil, words
    elseif at < frames then
      return false
    end
    return writer:finish()
  end,
    path
end

--- Take everything out of the bench's project.
function M:clear()
  for index = reaper.CountTracks(self.proj) - 1, 0, -1 do
    reaper.DeleteTrack(reaper.GetTrack(self.proj, index))
  end
end

--- Put a track at the end and give it.
function M:track()
  local index = reaper.CountTracks(self.proj)
  reaper.InsertTrackAtIndex(index, false)
  return reaper.GetTrack(self.proj, index)
end

--- Put an item on a track: no fades, no loop, at its own rate. Gives the item and its take.
function M.item(track, path, position, length, startoffs)
  local item = reaper.AddMediaItemToTrack(track)
  local take = reaper.AddTakeToMediaItem(item)
  local source = reaper.PCM_Source_CreateFromFile(path)
  if not source then
    error("REAPER can't open the test's own WAV file", 0)
  end
  reaper.SetMediaItemTake_Source(take, source)
  reaper.SetMediaItemInfo_Value(item, "D_POSITION", position)
  reaper.SetMediaItemInfo_Value(item, "D_LENGTH", length)
  reaper.SetMediaItemInfo_Value(item, "B_LOOPSRC", 0)
  for _, name in ipairs({ "D_FADEINLEN", "D_FADEOUTLEN" }) do
    reaper.SetMediaItemInfo_Value(item, name, 0)
    reaper.SetMediaItemInfo_Value(item, name .. "_AUTO", -1)
  end
  reaper.SetMediaItemTakeInfo_Value(take, "D_STARTOFFS", startoffs or 0)
  return item, take
end

-- Renders ----------------------------------------------------------------------------------------------

--- Render the selected items of a project as as-heard mode does; with every setting put back.
-- @param first, last seconds
-- @return the path and its header (see wav.inspect), or nil and a sentence
function M:render(proj, rate, first, last)
  self.count = self.count + 1
  local name = ("render %d"):format(self.count)
  local path = self:path(name .. ".wav")
  local saved = render_settings.save(proj)
  local job = { folder = self.folder, name = name, rate = rate, channels = 2 }
  local fine, why = pcall(function()
    render_settings.apply(proj, job, first, last)
    reaper.Main_OnCommandEx(RENDER, 0, proj)
  end)
  local failed = render_settings.restore(proj, saved)
  if not fine then
    return nil, tostring(why)
  end
  local header = wav.inspect(path)
  if not header then
    return nil, "REAPER's render left no whole file (cancelled?)."
  end
  return path, header, failed
end

--- Read left samples of a float WAV.
-- @return a table from 1 on
function M.read(path, header, first, count)
  local align = header.channels * 4
  local text = files.read_at(path, header.data + first * align, count * align) or ""
  local samples = {}
  for index = 1, #text // align do
    samples[index] = ("<f"):unpack(text, (index - 1) * align + 1)
  end
  return samples
end

--- Compare samples with the test signal, one common gain apart.
-- @param samples from `read`; expect function(index from 0) -> value
-- @return what is left in dB of the signal (-200 at least), and the gain in dB; 0 dB and nil without a signal
function M.residual(samples, expect)
  local xy, yy, xx = 0, 0, 0
  for index = 1, #samples do
    local x, y = samples[index], expect(index - 1)
    xy, yy, xx = xy + x * y, yy + y * y, xx + x * x
  end
  if yy == 0 or xy <= 0 then
    return 0, nil
  end
  local gain = xy / yy
  local left = math.max(0, xx - gain * xy) / (gain * gain * yy)
  return math.max(-200, 10 * math.log(left + 1e-20, 10)), 20 * math.log(gain, 10)
end

--- Give the largest absolute value.
function M.peak(samples)
  local most = 0
  for index = 1, #samples do
    most = math.max(most, math.abs(samples[index]))
  end
  return most
end

return M
