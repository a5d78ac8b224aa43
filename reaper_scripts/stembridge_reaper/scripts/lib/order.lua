-- From the user's choices and a planned region to the order in request.json. Nothing here asks REAPER.

local files = require("files")
local json = require("json")
local tables = require("tables")

local M = { PROTOCOL = 1, CONTEXT = 1 }

local WHERE = { tracks = true, folder = true, takes = true, lanes = true }
local ORIGINAL = { leave = true, mute_item = true, mute_track = true }
local TEXTS = { take_markers = true, regions = true }

local function preset(id)
  for _, row in ipairs(tables.PRESETS) do
    if row.id == id then
      return row
    end
  end
  return nil
end

local function text_values(options)
  local out = {}
  for name, value in pairs(options or {}) do
    out[name] = tostring(value)
  end
  return out
end

--- Give {engine, model, options, stems} of the choices, a preset spelt out, or {chain, stems}; nil and a
-- sentence where the preset isn't known or the engine can't do it. Stems that were chosen win over the
-- preset's.
function M.recipe(choices)
  local chosen = choices.stems or {}
  if choices.chain then
    return { chain = choices.chain, levels = choices.levels, stems = chosen }
  end
  if not choices.preset then
    return {
      engine = choices.engine,
      model = choices.model,
      options = text_values(choices.options),
      stems = chosen,
    }
  end
  local row = preset(choices.preset)
  if not row then
    return nil, ("There is no preset '%s'."):format(choices.preset)
  end
  if choices.engine == "offline" then
    if not row.offline then
      return nil, ("The preset '%s' needs MVSEP: the embedded engine can't do it."):format(row.title)
    end
    local stems = type(row.offline) == "table" and row.offline.stems or {}
    return { engine = "offline", options = {}, stems = #chosen > 0 and chosen or stems }
  end
  local options = text_values(row.mvsep.options)
  for name, value in pairs(text_values(choices.options)) do
    options[name] = value
  end
  return {
    engine = choices.engine or "mvsep",
    model = row.mvsep.model,
    options = options,
    stems = #chosen > 0 and chosen or row.mvsep.stems,
  }
end

local function locked(parts)
  for _, part in ipairs(parts) do
    if part.item and part.item.locked then
      return true
    end
  end
  return false
end

--- Give where the stems go and what becomes of the original: as chosen, but a locked item stays as it is,
-- and only a single item can take the stems into itself.
function M.placing(choices, parts)
  local where = WHERE[choices.where] and choices.where or "tracks"
  local original = ORIGINAL[choices.original] and choices.original or "leave"
  local inside = where == "takes" or where == "lanes"
  if inside and (#parts ~= 1 or not parts[1].item or locked(parts)) then
    where = "tracks"
  end
  if original == "mute_item" and locked(parts) then
    original = "leave"
  end
  return where, original
end

--- Write the host_context (tests/golden/host_context.md).
--
-- `at` is {project, set, cursor}; `region` {mode, first, frames, rate, channels, stem, parts}, or nil where
-- nothing is sent.
function M.context(choices, at, region)
  local parts = region and region.parts or {}
  local where, original = M.placing(choices, parts)
  return {
    v = M.CONTEXT,
    project = at.project,
    set = at.set,
    mode = region and region.mode or "source",
    where = where,
    original = original,
    fx = region and region.mode == "heard" and "none" or "copy",
    texts = TEXTS[choices.texts] and choices.texts or "take_markers",
    cursor = at.cursor,
    span = region and {
      frame0 = region.first,
      frames = region.frames,
      rate = region.rate,
      channels = region.channels,
    },
    stem = region and region.stem,
    parts = json.array(parts),
  }
end

local function whole_number(value)
  return value ~= nil and math.tointeger(tonumber(value)) or nil
end

--- Write a request to separate.
--
-- `input` is {name, source = {path, first_frame, frames, rate, channels} or nil, rendered (input.wav is
-- there), check_frame (check.wav begins there) or nil, deliver_to or nil, context, max_credits or nil
-- (then as the choices say)}.
-- Gives the request, or nil and a sentence.
function M.request(choices, input)
  local recipe, sentence = M.recipe(choices)
  if not recipe then
    return nil, sentence
  end
  return {
    protocol = M.PROTOCOL,
    kind = "separate",
    host = "reaper",
    name = files.safe_name(input.name),
    source = input.source,
    input = input.rendered == true,
    check = input.check_frame and { first_frame = input.check_frame } or nil,
    engine = recipe.engine,
    model = recipe.model,
    options = recipe.options,
    chain = recipe.chain,
    levels = recipe.levels,
    stems = json.array({ table.unpack(recipe.stems) }),
    rest = choices.rest == true,
    residual = choices.residual == true,
    format = choices.format or "wav32f",
    deliver_to = input.deliver_to,
    again = choices.again == true,
    max_credits = whole_number(input.max_credits or choices.max_credits),
    background = true,
    host_context = input.context,
  }
end

return M
