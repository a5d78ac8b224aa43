-- Names of jobs: letters and digits only (they become part of an upload's name), never one twice.

local M = {}

--- Make a new id: UTC date and time, so that folders sort by age, and eight random digits.
function M.new()
  local random = reaper.genGuid(""):lower():gsub("[^%x]", "")
  return os.date("!%Y%m%d%H%M%S") .. "r" .. random:sub(1, 8)
end

--- Say whether a text can be a job's id.
function M.is_id(text)
  return type(text) == "string" and text:find("^%w+$") ~= nil and #text <= 64
end

return M
