-- State chunks: only what no other function of REAPER's can do, and only on items and tracks that were
-- just made: envelopes of a take or a track.

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

--- Put envelopes (texts) on an item's last take. The item's take pointers die.
function M.add_to_item(item, blocks)
  local fine, chunk = reaper.GetItemStateChunk(item, "", false)
  if not (fine and reaper.SetItemStateChunk(item, append(chunk, blocks), false)) then
    error("REAPER didn't take over a take's envelopes", 0)
  end
end

--- Put envelopes (texts) on a track that holds no items yet.
function M.add_to_track(track, blocks)
  local fine, chunk = reaper.GetTrackStateChunk(track, "", false)
  if not (fine and reaper.SetTrackStateChunk(track, append(chunk, blocks), false)) then
    error("REAPER didn't take over a track's envelopes", 0)
  end
end

return M
