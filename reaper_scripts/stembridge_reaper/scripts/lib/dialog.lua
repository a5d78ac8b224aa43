-- "Separate selection": what is chosen, what the core says to it, and the start.
local choice = require("choice")
local core = require("core")
local dialog_rows = require("dialog_rows")
local dialog_view = require("dialog_view")
local entries = require("entries")
local field = require("ui.field")
local list = require("ui.list")
local out = require("out")
local quote = require("quote")
local settings = require("settings")
local words = require("words")

local M = {}
M.__index = M

-- Rows of the catalogue that are taken in per tick.
local SLICE = 8
local READING = "Looking at the selection…"
-- Seconds between two looks at the selection.
local LOOK = 0.5

M.WIDTH, M.HEIGHT = 860, 660

--- Make the dialog for a project.
-- @param events {sending=function(on), started=function(folders, sentence, proj), closed=function()}
function M.new(proj, events)
  local all = settings.load()
  local dialog = setmetatable({
    proj = proj,
    events = events,
    settings = all,
    choice = choice.new(settings.last(proj), all),
    entries = entries.new(),
    list = list.new(function(row)
      return row.kind ~= "heading"
    end),
    search = field.new("", 80),
    texts = {},
    found = { jobs = {} },
    told = { title = READING, detail = "", reading = true },
    quote = quote.new(),
    loading = true,
    fresh = {},
    focus_first = "search",
  }, M)
  if not dialog_rows.has_lanes() and dialog.choice.where == "lanes" then
    dialog.choice.where = "takes"
  end
  dialog:look(true)
  dialog.catalogue = core.query("catalogue")
  dialog.engines = core.query("engines")
  dialog:filter()
  dialog:settle()
  return dialog
end

-- Choose the entry that was chosen last, as soon as it is there; else the first preset that fits.
function M:settle()
  local entry = self.entries.by_id[self.choice.wanted]
  if not entry and not self.loading then
    entry = self.entries.presets[1]
  end
  if entry and not self.choice.entry then
    self.choice:choose(entry)
    self.list:select_id(entry.id)
    self:changed()
  end
end

-- What tells at little cost that the selection is another one. Not every change of a selection is a change
-- of the project's state.
local function mark_of(proj)
  local count = reaper.CountSelectedMediaItems(proj)
  local first = count > 0 and reaper.GetSelectedMediaItem(proj, 0)
  local last = count > 0 and reaper.GetSelectedMediaItem(proj, count - 1)
  local start, stop = reaper.GetSet_LoopTimeRange2(proj, false, false, 0, 0, false)
  local parts =
    { reaper.GetProjectStateChangeCount(proj), count, tostring(first), tostring(last), start, stop }
  parts[#parts + 1] = reaper.CountSelectedTracks(proj)
  return table.concat(parts, " ")
end

-- Go on with reading the selection; true when it is known.
local function read_selection(self)
  local found = self.reading and self.reading()
  if not found then
    return false
  end
  self.reading, self.found = nil, found
  self.told = M.tell(found)
  return true
end

--- Read the selection of the current tab again where it may be another; true when that is done at once.
function M:look(force)
  local current = reaper.EnumProjects(-1)
  if current ~= self.proj then
    self.proj, force = current, true
  end
  local mark = mark_of(self.proj)
  if not force and mark == self.mark then
    return false
  end
  self.mark = mark
  self.reading = out.describing(self.proj, { mode = self.choice.mode })
  return read_selection(self)
end

--- Say in two sentences what is selected and how it will be sent.
-- @param found what `out.describe` gave
-- @return {title=, detail=, refused=}
function M.tell(found)
  local jobs = found.jobs or {}
  if #jobs == 0 then
    return { title = found.refusal or "Nothing is selected.", detail = found.hint or "", refused = true }
  end
  local first = jobs[1]
  local function facts(job)
    return ("%s, %s"):format(words.rate(job.rate), words.channels(math.floor(job.channels)))
  end
  local refused = found.refusal ~= nil
  if #jobs == 1 then
    local title = ("%s · %s · %s"):format(first.words, words.duration(first.seconds), facts(first))
    local notes = table.concat(first.notes or {}, " ")
    local detail = found.refusal or ((first.why or "") .. " " .. notes)
    return { title = title, detail = detail, refused = refused }
  end
  local seconds, same = 0, true
  for _, job in ipairs(jobs) do
    seconds = seconds + job.seconds
    same = same and job.mode == first.mode and job.why == first.why
  end
  local title = ("%s · %s in all"):format(words.count(#jobs, "job"), words.duration(seconds))
  local detail = same and first.why or "Some items are sent as files, others are rendered as they are heard."
  return { title = title, detail = found.refusal or detail or "", refused = refused }
end

--- Search.
function M:filter()
  local rows = self.entries:rows(self.search.text, self.choice.engine)
  self.list:set(rows)
  if self.list.at == 0 and self.search.text ~= "" then
    if self.list:select_first() then
      self.list.top = 1
      self:pick()
    end
  elseif self.list.at == 0 and self.choice.entry then
    self.list:select_id(self.choice.entry.id)
  end
end

--- Take over the row that is selected in the list.
function M:pick()
  local row = self.list:row()
  if row and row ~= self.choice.entry then
    self.choice:choose(row)
    self:changed()
  end
end

function M:engine_changed()
  self:filter()
  self:changed()
end

function M:mode_changed()
  self:look(true)
  self:changed()
end

-- What is sent of the selection; nothing where the model makes audio from words.
local function jobs_for(self)
  if not self.choice:takes_input(self.entries) then
    return {}
  end
  return self.found.jobs or {}
end

--- Something of the order changed: it is priced again.
function M:changed()
  self.failure = nil
  local arguments = nil
  if self.choice.entry and not self:blocked() then
    arguments = quote.arguments(self.choice:order(self.entries), jobs_for(self))
  end
  self.quote:want(arguments, reaper.time_precise())
end

--- Say why the order can't be placed; nil when it can.
function M:blocked()
  if self.choice.entry and not self.choice:takes_input(self.entries) then
    return self.choice:refusal(self.entries)
  end
  if self.told.refused or self.told.reading then
    return self.told.title
  end
  if self.trouble then
    return self.trouble
  end
  return self.choice:refusal(self.entries)
end

--- Give what stands beside the buttons.
function M:cost_words()
  if self.failure then
    return { text = self.failure, kind = "bad", more = {} }
  end
  if self.trouble then
    return { text = self.trouble, kind = "bad", more = self.trouble_hint and { self.trouble_hint } or {} }
  end
  if self.told.refused and self.choice:takes_input(self.entries) then
    return { text = "Select items, or a time selection on tracks, or a razor edit.", kind = "dim", more = {} }
  end
  local refusal = self.choice:refusal(self.entries)
  if refusal then
    return { text = refusal, kind = "warn", more = {} }
  end
  return self.quote:words(self.choice.entry and self.choice:engine_of(self.choice.entry))
end

local function read_engines(self)
  local answer = self.engines and self.engines:poll()
  if not answer then
    return false
  end
  self.engines = nil
  if answer.rows then
    self.choice:set_ready(choice.readiness(answer.rows))
    self:changed()
  end
  return true
end

local function read_catalogue(self)
  if self.catalogue then
    local answer = self.catalogue:poll()
    if not answer then
      return false
    end
    self.catalogue = nil
    if answer.error then
      self.loading = false
      self.trouble, self.trouble_hint = answer.error.message, answer.error.hint
      self:settle()
      return true
    end
    self.fresh = answer.rows
  end
  if #self.fresh == 0 and not self.loading then
    return false
  end
  local taken = math.min(SLICE, #self.fresh)
  for index = 1, taken do
    self.entries:add(self.fresh[index])
  end
  self.fresh = table.move(self.fresh, taken + 1, #self.fresh, 1, {})
  if #self.fresh == 0 then
    self.loading = false
    self:filter()
    self:settle()
    self:changed()
  end
  return true
end

--- Do a tick's work; true when the window has to be drawn.
function M:tick(now)
  local drawn = read_engines(self)
  drawn = read_catalogue(self) or drawn
  drawn = self.quote:tick(now) or drawn
  local known = read_selection(self)
  if now - (self.looked or 0) > LOOK and not (self.starting or self.reading) then
    self.looked = now
    known = self:look(false) or known
  end
  if known then
    self:changed()
    drawn = true
  end
  return drawn
end

--- Start the separation.
function M:start()
  if self.starting or self:blocked() then
    return
  end
  local order = self.choice:order(self.entries)
  local memory = self.choice:memory()
  memory.order = self.choice:order(self.entries)
  settings.keep(self.proj, memory)
  order.max_credits = self.quote:limit()
  order.texts = self.settings.texts
  order.again = self.settings.again
  self.starting = true
  self.events.sending(true)
  out.start(self.proj, order, function(folders, sentence)
    self.starting = false
    self.events.sending(false)
    if not folders then
      self.failure = sentence
      self:look(true)
      return
    end
    self.events.started(folders, sentence, self.proj)
  end)
end

--- Esc: first an open search goes, then the dialog.
function M:escape()
  if self.search.text ~= "" then
    self.search:set("")
    self:filter()
    return
  end
  self:cancel()
end

function M:cancel()
  self.events.closed()
end

--- Give up what is still being asked; the window is closing.
function M:closed()
  for _, query in ipairs({ self.catalogue or false, self.engines or false }) do
    if query then
      query:cancel()
    end
  end
  self.quote:close()
end

function M:draw(ui, area)
  if self.focus_first then
    ui.focus:set(self.focus_first)
    self.focus_first = nil
  end
  dialog_view.draw(ui, area, self)
end

return M
