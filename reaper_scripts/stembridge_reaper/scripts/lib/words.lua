-- Numbers and names as a person reads them.
local colour = require("ui.colour")
local tables = require("tables")

local M = {}

--- A length of time: "0:07.3", "3:24.5", "1:02:03".
function M.duration(seconds)
  local tenths = math.floor(seconds * 10 + 0.5)
  local whole = tenths // 10
  if whole >= 3600 then
    return ("%d:%02d:%02d"):format(whole // 3600, whole // 60 % 60, whole % 60)
  end
  return ("%d:%02d.%d"):format(whole // 60, whole % 60, tenths % 10)
end

--- A time that is still to come, in whole seconds: "0:30", "12:05".
function M.clock(seconds)
  local whole = math.ceil(seconds)
  if whole >= 3600 then
    return ("%d:%02d:%02d"):format(whole // 3600, whole // 60 % 60, whole % 60)
  end
  return ("%d:%02d"):format(whole // 60, whole % 60)
end

--- A sample rate: "48 kHz", "44.1 kHz".
function M.rate(hertz)
  local text = ("%.3f"):format(hertz / 1000):gsub("0+$", ""):gsub("%.$", "")
  return text .. " kHz"
end

function M.channels(count)
  if count == 1 then
    return "mono"
  end
  return count == 2 and "stereo" or ("%d channels"):format(count)
end

--- A count with its noun: "1 item", "3 items".
function M.count(number, noun)
  return ("%d %s%s"):format(number, noun, number == 1 and "" or "s")
end

--- An amount of data: "412 KB", "1.5 GB".
function M.bytes(number)
  local units = { "bytes", "KB", "MB", "GB", "TB" }
  local at = 1
  while number >= 1000 and at < #units do
    number, at = number / 1000, at + 1
  end
  if at == 1 then
    return ("%.0f %s"):format(number, units[1])
  end
  return ("%s %s"):format((("%.1f"):format(number):gsub("%.0$", "")), units[at])
end

local STEMS = {}
for _, row in ipairs(tables.STEMS) do
  STEMS[row.id] = row
end
local NEUTRAL = STEMS.other.colour

--- A stem's name; of a chain's, the names along its path: "Drums: Kick".
function M.stem(id)
  local names = {}
  for part in id:gmatch("[^.]+") do
    names[#names + 1] = STEMS[part] and STEMS[part].label or part:sub(1, 1):upper() .. part:sub(2)
  end
  return table.concat(names, ": ")
end

--- A stem's colour; of a chain's, that of the stem it was taken from.
function M.stem_colour(id)
  local top = id:match("^[^.]+")
  return colour.parse(STEMS[top] and STEMS[top].colour or NEUTRAL)
end

--- A list in words: "vocals", "vocals and drums", "vocals, drums and bass".
function M.list(parts)
  if #parts < 2 then
    return parts[1] or ""
  end
  return table.concat(parts, ", ", 1, #parts - 1) .. " and " .. parts[#parts]
end

local STATES = {
  created = "Starting",
  rendering = "Reading the audio",
  rendered = "Ready to be sent",
  submitting = "Handing in",
  submission_unknown = "Asking whether the order arrived",
  queued = "In the queue",
  processing = "Separating",
  downloading = "Fetching the stems",
  aligning = "Checking the stems",
  needs_decision = "Needs your answer",
  ready = "Ready",
  cancelling = "Cancelling",
  failed = "Failed",
  cancelled = "Cancelled",
}

--- A job's state in words.
function M.state(state)
  return STATES[state] or state or ""
end

return M
