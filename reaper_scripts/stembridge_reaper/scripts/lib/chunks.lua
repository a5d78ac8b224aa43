-- State chunks, for the one thing that no other function of REAPER's can do: give a take or a track
-- envelopes that it hasn't got.

local M = {}

-- Multiply the times of an envelope's points after moving them, both in the envelope's own seconds.
local function retime(text, shift, factor)
  return (
    text:gsub("(\n%s*PT )(%S+)", function(head, time)
      return head .. ("%.17g"):format((tonumber(time) - shift) * factor):gsub(",", ".")
    end)
  )
end

--- Give an envelope's text without its id (a copy gets its own), its times moved back by `shift` seconds
-- and then multiplied by `factor`.
function M.envelope(text, shift, factor)
  text = text:gsub("\r\n", "\n"):gsub("\n%s*EGUID [^\n]*", ""):gsub("%s+$", "")
  if shift ~= 0 or factor ~= 1 then
    text = retime(text, shift, factor)
  end
  return text
end

--- Give the kind of an envelope's text: VOLENV, PANENV, ...
function M.kind(text)
  return text:match("^%s*<(%S+)")
end

local function append(chunk, blocks)
  local body = chunk:gsub("\r\n", "\n"):match("^(.*)\n%s*>%s*$")
  if not body then
    error("REAPER gave an item or a track in a form that isn't known", 0)
  end
  return body .. "\n" .. table.concat(blocks, "\n") .. "\n>\n"
end

-- What a chunk's decimals don't hold to the last bit.
local ITEM_DOUBLES = {
  "D_POSITION",
  "D_LENGTH",
  "D_SNAPOFFSET",
  "D_VOL",
  "D_FADEINLEN",
  "D_FADEOUTLEN",
  "D_FADEINLEN_AUTO",
  "D_FADEOUTLEN_AUTO",
  "D_FADEINDIR",
  "D_FADEOUTDIR",
}
local TAKE_DOUBLES = { "D_STARTOFFS", "D_PLAYRATE", "D_PITCH", "D_VOL", "D_PAN", "D_PANLAW" }

local function read_doubles(item)
  local kept = { item = {}, takes = {} }
  for _, name in ipairs(ITEM_DOUBLES) do
    kept.item[name] = reaper.GetMediaItemInfo_Value(item, name)
  end
  for number = 0, reaper.CountTakes(item) - 1 do
    local take = reaper.GetMediaItemTake(item, number)
    kept.takes[number] = {}
    for _, name in ipairs(take and TAKE_DOUBLES or {}) do
      kept.takes[number][name] = reaper.GetMediaItemTakeInfo_Value(take, name)
    end
  end
  return kept
end

local function write_doubles(item, kept)
  for name, value in pairs(kept.item) do
    reaper.SetMediaItemInfo_Value(item, name, value)
  end
  for number, values in pairs(kept.takes) do
    local take = reaper.GetMediaItemTake(item, number)
    for name, value in pairs(values) do
      reaper.SetMediaItemTakeInfo_Value(take, name, value)
    end
  end
end

--- Put envelopes (texts) on an item's last take; all numbers stay to the bit. The item's take pointers die.
function M.add_to_item(item, blocks)
  local kept = read_doubles(item)
  local fine, chunk = reaper.GetItemStateChunk(item, "", false)
  if not (fine and reaper.SetItemStateChunk(item, append(chunk, blocks), false)) then
    error("REAPER didn't take over a take's envelopes", 0)
  end
  write_doubles(item, kept)
end

--- Put envelopes (texts) on a track that holds no items yet.
function M.add_to_track(track, blocks)
  local fine, chunk = reaper.GetTrackStateChunk(track, "", false)
  if not (fine and reaper.SetTrackStateChunk(track, append(chunk, blocks), false)) then
    error("REAPER didn't take over a track's envelopes", 0)
  end
end

return M
