-- "Blend": a stem of several finished jobs of one region becomes one, and the rest of the region another.
local box = require("ui.box")
local core = require("core")
local dialog_rows = require("dialog_rows")
local files = require("files")
local form = require("ui.form")
local form_rows = require("ui.rows")
local ids = require("ids")
local json = require("json")
local projects = require("projects")
local results = require("results")
local sent = require("sent")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 560, 380

M.METHODS = {
  { "average", "Average" },
  { "min", "Least: what all of them agree on" },
  { "max", "Greatest: what any of them heard" },
}

local TOKENS = 1000
-- What the core makes itself is no model's stem.
local MADE = { rest = true, residual = true }

--- Make the window's content.
-- @param jobs finished jobs of one region
-- @param titles what each is called
-- @param events {started=function(folder, proj), closed=function()}
function M.new(jobs, titles, events)
  local where = jobs[1].context.compare and "tracks" or jobs[1].context.where
  return setmetatable({
    jobs = jobs,
    titles = titles,
    events = events,
    read = {},
    method = "average",
    where = (where == "lanes" and not dialog_rows.has_lanes()) and "tracks" or where,
  }, M)
end

local function stems_of(result)
  local found = {}
  for _, row in ipairs(result.stems) do
    if row.kind == "stem" and not MADE[row.id] then
      found[row.id] = row.label
    end
  end
  return found
end

-- The stems that every job has, in the order of the first.
local function shared(self)
  local options = {}
  local others = {}
  for index = 2, #self.read do
    others[index - 1] = stems_of(self.read[index])
  end
  for _, row in ipairs(self.read[1].stems) do
    local everywhere = row.kind == "stem" and not MADE[row.id]
    for _, stems in ipairs(others) do
      everywhere = everywhere and stems[row.id] ~= nil
    end
    if everywhere then
      options[#options + 1] = { row.id, row.label }
    end
  end
  return options
end

--- Do a tick: the results are read in slices. True when the window has to be drawn.
function M:tick()
  if self.stems or self.failure then
    return false
  end
  local job = self.jobs[#self.read + 1]
  self.reader = self.reader or results.reader(job.folder)
  local result, sentence = self.reader(TOKENS)
  if result == nil then
    return false
  end
  self.reader = nil
  if not result then
    self.failure = sentence
    return true
  end
  self.read[#self.read + 1] = result
  if #self.read == #self.jobs then
    self.stems = shared(self)
    self.stem = self.stems[1] and self.stems[1][1]
    if not self.stem then
      self.failure = "These jobs have no stem in common."
    end
  end
  return true
end

-- The facts for the way back: those of the first job, but a set of its own.
local function context_of(self)
  local context = {}
  for name, value in pairs(self.read[1].host_context) do
    context[name] = value
  end
  context.compare = nil
  context.set = "s" .. ids.new()
  context.title = "blend"
  context.where, context.original = self.where, "leave"
  return context
end

--- Order the blend. It goes on without this window.
function M:start()
  if not self.stem then
    return
  end
  local found, sentence = core.find()
  local folder, id
  if found then
    folder, id = core.make_folder(found)
    sentence = folder and sentence or id
  end
  local first = self.jobs[1]
  local context = folder and context_of(self)
  local proj = context and projects.find(context, first.proj)
  local fine = folder
  if folder then
    local jobs = {}
    for index, job in ipairs(self.jobs) do
      jobs[index] = job.id
    end
    fine, sentence = core.submit(folder, {
      protocol = core.PROTOCOL,
      kind = "blend",
      host = "reaper",
      name = files.safe_name(first.name),
      jobs = json.array(jobs),
      stem = self.stem,
      method = self.method,
      deliver_to = proj and sent.deliver_to(proj, first.name, id) or nil,
      host_context = context,
    })
    if fine then
      fine, sentence = core.launch(folder)
    end
  end
  if not fine then
    if folder then
      core.forget(folder)
    end
    self.failure = sentence or "The blend couldn't be started."
    return
  end
  self.events.started(folder, proj)
end

local function rows(ui, self, width)
  local p = ui.paint
  local list = {
    form_rows.text(ui, "Blend", width, { font = p.TITLE }, 1),
    form_rows.text(ui, table.concat(self.titles, ", "), width, { colour = "dim" }, 3),
    form_rows.gap(p:px(8)),
  }
  if self.failure then
    list[#list + 1] = form_rows.text(ui, self.failure, width, { colour = "bad" }, 4)
  end
  if not self.stem then
    if not self.failure then
      list[#list + 1] = form_rows.text(ui, "Looking at the stems…", width, { colour = "dim" }, 1)
    end
    return list
  end
  local function nothing() end
  list[#list + 1] = dialog_rows.select(ui, width, "Stem", "stem", self.stems, self, nothing)
  list[#list + 1] = dialog_rows.select(ui, width, "Method", "method", M.METHODS, self, nothing)
  list[#list + 1] = dialog_rows.select(ui, width, "Place", "where", dialog_rows.places(), self, nothing)
  list[#list + 1] = form_rows.gap(p:px(6))
  local text = "Gives this stem, and the rest of the region beside it: together they are what was sent. "
    .. "It is free, and placed as any result."
  list[#list + 1] = form_rows.text(ui, text, width, { colour = "dim" }, 4)
  return list
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  if self.stem and not self.begun then
    self.begun = true
    ui.focus:set("stem")
  end
  local foot, body = box.cut(area, "bottom", p:px(48))
  form.show(ui, "blend", box.inset(body, p:px(18), p:px(14)), rows(ui, self, body.w - p:px(52)))
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(18), p:px(9))
  local start, rest = box.cut(line, "right", widgets.button_width(ui, "Blend", true), p:px(8))
  local close = box.cut(rest, "right", widgets.button_width(ui, "Cancel"))
  if widgets.button(ui, "cancel", close, "Cancel") or ui:take("escape") then
    self.events.closed()
  end
  local hit = widgets.button(ui, "start", start, "Blend", { primary = true, disabled = not self.stem })
  if hit or ui:take("enter") then
    self:start()
  end
end

return M
