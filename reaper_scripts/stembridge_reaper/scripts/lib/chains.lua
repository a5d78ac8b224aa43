-- A chain's recipe: what each of its steps orders, and which stems are left at its ends. Nothing here asks
-- REAPER.

local M = {}

--- Give an id as a result has it for a step's path: "drums/kick" becomes "drums.kick".
function M.id_of(path)
  return (path:gsub("/", "."))
end

--- Give {engine, model, options, stems} of a step, a preset spelt out; engine and model may be nil.
-- @param step {of, engine, model, options, stems, preset}
-- @param entries the list of the dialog
-- @param ready which engines can be used (see `choice.readiness`)
function M.recipe(step, entries, ready)
  local made = { engine = step.engine, model = step.model, options = step.options, stems = step.stems }
  local entry = step.preset
    and (entries.by_id["preset:" .. step.preset] or entries.by_id["own:" .. step.preset])
  if not entry then
    return made
  end
  local from
  if entry.kind == "own" then
    from = entry.order
    made.engine = step.engine or from.engine
  else
    made.engine = step.engine or ((ready.mvsep or not entry.preset.offline) and "mvsep" or "offline")
    from = entry.preset[made.engine] or {}
  end
  made.model, made.options = from.model, from.options or {}
  if #made.stems == 0 then
    made.stems = from.stems or {}
  end
  return made
end

--- Give the orders of all steps, for their prices.
function M.orders(steps, entries, ready)
  local orders = {}
  for index, step in ipairs(steps) do
    local recipe = M.recipe(step, entries, ready)
    orders[index] = { engine = recipe.engine, model = recipe.model, options = recipe.options }
  end
  return orders
end

-- The stems that are known to come of a step; empty where only the result tells.
local function stems_of(step, entries, ready)
  local recipe = M.recipe(step, entries, ready)
  if #recipe.stems > 0 then
    return recipe.stems
  end
  local model = recipe.model and entries:named(recipe.engine, recipe.model)
  return model and entries.promised(model.model, recipe.options) or {}
end

--- Give the ids of the stems that the chain leaves, depth first: what is taken apart further isn't among
-- them, but where `levels` is true, behind the others. Empty where a step's stems aren't known beforehand.
function M.leaves(steps, entries, ready, levels)
  local known = {}
  for _, step in ipairs(steps) do
    known[step.of] = stems_of(step, entries, ready)
    if #known[step.of] == 0 then
      return {}
    end
  end
  local found = {}
  local function under(path)
    if not known[path] then
      found[#found + 1] = M.id_of(path)
      return
    end
    for _, stem in ipairs(known[path]) do
      under(path == "" and stem or ("%s/%s"):format(path, stem))
    end
  end
  under("")
  for _, step in ipairs(levels and steps or {}) do
    if step.of ~= "" then
      found[#found + 1] = M.id_of(step.of)
    end
  end
  return found
end

return M
