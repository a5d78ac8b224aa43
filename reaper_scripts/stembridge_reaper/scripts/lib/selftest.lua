-- The self-test: settles on a user's REAPER what can't be known elsewhere, and writes a report to send us.
local audio = require("selftest_audio")
local bench_module = require("selftest_bench")
local box = require("ui.box")
local files = require("files")
local form = require("ui.form")
local system = require("selftest_system")
local tables = require("tables")
local utext = require("ui.utext")
local widgets = require("ui.widgets")

local M = {}
M.__index = M

M.WIDTH, M.HEIGHT = 640, 560

local LABELS = { ok = "OK", fail = "FAIL", skip = "left out", note = "note", wait = "" }
local COLOURS = { ok = "good", fail = "bad", skip = "dim", note = "link", wait = "dim" }

-- What only a person, or another program, can see.
local BY_HAND = {
  "mp3 and m4a: whether REAPER and the core put the first frame at the same place",
  "Windows: whether a console flashed when the core was started",
}

--- Make the test.
-- @param events {closed=function()}
function M.new(events)
  local test = setmetatable({ events = events, rows = {}, steps = {}, at = 1 }, M)
  local bench, sentence = bench_module.open()
  if not bench then
    test.over, test.trouble = true, sentence
    return test
  end
  test.bench = bench
  for _, step in ipairs(audio.material(bench)) do
    test.steps[#test.steps + 1] = { material = step }
  end
  for _, group in ipairs({ system.checks(), audio.checks() }) do
    for _, check in ipairs(group) do
      local row = { title = check.title, mark = "wait", words = "" }
      test.rows[#test.rows + 1] = row
      test.steps[#test.steps + 1] = { check = check, row = row }
    end
  end
  return test
end

local function mark_of(result)
  if result == nil then
    return "skip"
  elseif result == "note" then
    return "note"
  end
  return result and "ok" or "fail"
end

local function note(row, result, words)
  row.mark, row.words = mark_of(result), words or ""
end

local function run_check(self, step)
  if step.goes_on then
    local answer = step.goes_on()
    if answer then
      note(step.row, answer[1], answer[2])
    end
    return answer ~= nil
  end
  local fine, result, words = pcall(step.check.run, self.bench)
  if not fine then
    note(step.row, false, "stopped: " .. tostring(result))
  elseif type(result) == "function" then
    step.goes_on = result
    return false
  else
    note(step.row, result, words)
  end
  return true
end

local function run_material(self, step)
  local done, sentence = step.material()
  if done == nil then
    self.trouble = sentence
    self.at = #self.steps
    return true
  end
  return done
end

--- Give the report as text.
function M:report()
  local count = { ok = 0, fail = 0, skip = 0, note = 0, wait = 0 }
  local lines = {}
  for _, row in ipairs(self.rows) do
    count[row.mark] = count[row.mark] + 1
    lines[#lines + 1] = ("%-8s  %s"):format(row.mark == "wait" and "not run" or LABELS[row.mark], row.title)
    if row.words ~= "" then
      lines[#lines + 1] = "          " .. row.words
    end
  end
  local head = {
    "Stembridge self-test",
    "",
    "scripts   " .. tables.VERSION,
    "REAPER    " .. reaper.GetAppVersion(),
    "system    " .. reaper.GetOS(),
    "Lua       " .. _VERSION,
    "date      " .. os.date("!%Y-%m-%d %H:%M UTC"),
    ("result    %d OK, %d failed, %d left out, %d notes"):format(
      count.ok,
      count.fail,
      count.skip,
      count.note
    ),
  }
  if self.trouble then
    head[#head + 1] = "trouble   " .. self.trouble
  end
  head[#head + 1] = ""
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Not checked here:"
  for _, line in ipairs(BY_HAND) do
    lines[#lines + 1] = "  " .. line
  end
  return table.concat(head, "\n") .. "\n" .. table.concat(lines, "\n") .. "\n"
end

-- Put everything back and write the report.
local function finish(self)
  self.over = true
  local stays = self.bench:close()
  self.trouble = self.trouble or stays
  local path = files.join(self.bench.base, ("selftest-%s.txt"):format(os.date("!%Y%m%d-%H%M%S")))
  local fine, sentence = files.write(path, self:report())
  if fine then
    self.written = path
  else
    self.trouble = sentence
  end
  self.bench = nil
end

--- Do a tick: one step, in the test's own tab. Gives true: every tick is drawn.
function M:tick()
  if self.over then
    return false
  end
  if not self.bench:enter() then
    self.trouble = "The test's project tab was closed."
    finish(self)
    return true
  end
  local step = self.steps[self.at]
  local done = step.material and run_material(self, step) or (step.check and run_check(self, step))
  if done then
    self.at = self.at + 1
  end
  if self.at > #self.steps then
    finish(self)
  end
  return true
end

--- The window is closing, or the script ends: put everything back.
function M:closed()
  if not self.over then
    self.trouble = "The test was stopped."
    finish(self)
  end
end

local function row_of(ui, row, width)
  local p = ui.paint
  local indent = p:px(78)
  local lines = row.words ~= "" and utext.wrap(row.words, width - indent, p:measure(p.SMALL), 3) or {}
  return {
    h = p:px(22) + #lines * p.heights[p.SMALL] + (#lines > 0 and p:px(4) or 0),
    draw = function(_, area)
      local mark = box.new(area.x, area.y, indent - p:px(8), p:px(20))
      p:text(mark, LABELS[row.mark], { colour = COLOURS[row.mark], font = p.BOLD })
      local title = box.new(area.x + indent, area.y, area.w - indent, p:px(20))
      p:text(title, row.title, { colour = row.mark == "wait" and "dim" or "text" })
      p:lines(box.new(title.x, area.y + p:px(20), title.w, 0), lines, { colour = "dim", font = p.SMALL })
    end,
  }
end

local function state_words(self)
  if not self.over then
    return "Testing in a tab of its own; your projects aren't touched."
  elseif self.trouble then
    return self.trouble
  end
  local failed = 0
  for _, row in ipairs(self.rows) do
    failed = failed + (row.mark == "fail" and 1 or 0)
  end
  if failed == 0 then
    return "All is as it should be."
  end
  return ("%d of %d failed: please send us the report."):format(failed, #self.rows)
end

--- Draw a frame.
function M:draw(ui, area)
  local p = ui.paint
  if not self.begun then
    self.begun = true
    ui.focus:set("close")
  end
  local foot, body = box.cut(area, "bottom", p:px(self.written and 66 or 48))
  local inner = box.inset(body, p:px(18), p:px(12))
  local head
  head, inner = box.cut(inner, "top", p:px(24), p:px(6))
  p:text(head, state_words(self), { font = p.BOLD, colour = self.trouble and "warn" or "text" })
  local bar
  bar, inner = box.cut(inner, "top", p:px(6), p:px(10))
  widgets.progress(ui, bar, self.over and 1 or (self.at - 1) / math.max(1, #self.steps))
  local rows = {}
  for index, row in ipairs(self.rows) do
    rows[index] = row_of(ui, row, inner.w - p:px(16))
  end
  form.show(ui, "rows", inner, rows)
  p:fill(foot, "raised")
  p:fill(box.new(foot.x, foot.y, foot.w, 1), "line")
  local line = box.inset(foot, p:px(18), p:px(9))
  local label = self.over and "Close" or "Stop"
  local close, rest = box.cut(line, "right", widgets.button_width(ui, label), p:px(12))
  close = box.new(close.x, close.y + (close.h - p:px(30)) // 2, close.w, p:px(30))
  if self.written then
    p:lines(rest, utext.wrap("Report: " .. self.written, rest.w, p:measure(p.SMALL), 3), {
      font = p.SMALL,
      colour = "text",
    })
  end
  if widgets.button(ui, "close", close, label) or ui:take("escape") then
    self.events.closed()
  end
end

--- Run the test in a window.
function M.start(shell)
  shell.show("selftest", "Stembridge: self-test", M.WIDTH, M.HEIGHT, M.new({ closed = shell.close }))
end

return M
