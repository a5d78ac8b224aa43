-- Cost and limits before the start: asked of the core a moment after the orders stopped changing. One sum for
-- all that would be ordered: several regions, several models, every step of a chain.
local core = require("core")
local json = require("json")

local M = {}
M.__index = M

-- Seconds that the orders must stand still before they are priced.
M.PATIENCE = 0.45
-- As many lengths and as many orders as the core prices at once (MOST_SPANS and MOST_ORDERS of the core), and
-- as many lengths as are asked for at all.
M.AT_ONCE, M.ORDERS, M.MOST = 16, 8, 64
-- Questions that are asked side by side.
local SIDE_BY_SIDE = 2

function M.new()
  return setmetatable({ key = nil, state = "none" }, M)
end

local function plain(value)
  if value == json.null then
    return nil
  end
  return value
end

--- Give what tells a region's price apart.
function M.span_key(frames, rate, channels)
  return ("%d/%d/%d"):format(math.floor(frames), math.floor(rate), math.floor(channels))
end

-- The lengths that differ, as the core's spans, and how often each is there by its key.
local function lengths(jobs)
  local spans, keys, counts = {}, {}, {}
  for _, job in ipairs(jobs) do
    local frames = job.frames or math.max(1, math.ceil(job.seconds * job.rate - 1e-6))
    local key = M.span_key(frames, job.rate, job.channels)
    if not counts[key] then
      keys[#keys + 1] = key
      spans[#spans + 1] =
        { frames = math.floor(frames), rate = math.floor(job.rate), channels = math.floor(job.channels) }
    end
    counts[key] = (counts[key] or 0) + 1
  end
  return spans, keys, counts
end

-- Orders of the same lengths are one question; the same order of the same lengths is asked for once.
local function ask(plan, order, number, spans, keys)
  local of = { engine = order.engine, model = order.model, options = order.options }
  local text = json.encode({ of = of, keys = json.array(keys) })
  local known = plan.by_text[text]
  if not known then
    known = { order = of, keys = keys, numbers = {} }
    plan.by_text[text] = known
    local place = table.concat(keys, " ")
    local question = plan.by_place[place]
    if not question or #question.asks >= M.ORDERS then
      question = { spans = spans, asks = {} }
      plan.by_place[place] = question
      plan.questions[#plan.questions + 1] = question
    end
    question.asks[#question.asks + 1] = known
  end
  known.numbers[#known.numbers + 1] = number
end

-- A question as the core takes it.
local function arguments_of(question)
  local arguments = {}
  if #question.asks == 1 then
    for name, value in pairs(question.asks[1].order) do
      arguments[name] = value
    end
  else
    local orders = {}
    for index, one in ipairs(question.asks) do
      orders[index] = one.order
    end
    arguments.orders = json.array(orders)
  end
  arguments.spans = question.spans and json.array(question.spans) or nil
  return arguments
end

--- Give what to ask the core for orders on jobs of their own.
-- @param groups a list of {order = what `choice:order` gave, jobs = list of {seconds or frames, rate,
--   channels} as `out.describe` gives them; empty where the model takes no audio}
function M.plan_each(groups)
  local plan = { questions = {}, by_text = {}, by_place = {}, counts = {}, many = false }
  local told = {}
  for number, group in ipairs(groups) do
    local order, jobs = group.order, group.jobs
    local spans, keys, counts = lengths(jobs)
    local many = #spans > M.MOST
    if #jobs == 0 then
      counts[""] = 1
    end
    plan.counts[number], plan.many = counts, plan.many or many
    told[number] = { order = order, counts = counts }
    for _, step in ipairs(order.steps or { order }) do
      if #jobs == 0 then
        ask(plan, step, number, nil, { "" })
      end
      for first = 1, many and 0 or #spans, M.AT_ONCE do
        local last = math.min(first + M.AT_ONCE - 1, #spans)
        local some, of = table.move(spans, first, last, 1, {}), table.move(keys, first, last, 1, {})
        ask(plan, step, number, some, of)
      end
    end
  end
  plan.key = json.encode(json.array(told))
  return plan
end

--- Give what to ask the core for orders that each get all of the jobs.
function M.plan(orders, jobs)
  local groups = {}
  for number, order in ipairs(orders) do
    groups[number] = { order = order, jobs = jobs }
  end
  return M.plan_each(groups)
end

local function drop_questions(self)
  for _, one in ipairs(self.running or {}) do
    one.query:cancel()
  end
  self.running = {}
end

--- Say what is to be priced now; nothing happens as long as it stays the same.
-- @param plan what `plan` gave; nil: there is nothing to price
function M:want(plan, now)
  local key = plan and plan.key
  if key == self.key then
    return
  end
  drop_questions(self)
  self.key, self.wanted, self.since = key, plan, now
  self.answers, self.error, self.sum = {}, nil, nil
  self.state = plan and "waiting" or "none"
  if plan and plan.many then
    self.state = "many"
  end
end

local function fail(self, error)
  drop_questions(self)
  self.state, self.error = "failed", error
end

-- Hear those that were asked; true when something changed.
local function listen(self)
  local heard = false
  for index = #self.running, 1, -1 do
    local one = self.running[index]
    local answer = one.query:poll()
    if answer then
      heard = true
      table.remove(self.running, index)
      if answer.error then
        fail(self, answer.error)
        return true
      end
      self.answers[one.question] = answer.rows
    end
  end
  return heard
end

--- Go on; true when something changed.
function M:tick(now)
  if self.state == "waiting" and now - self.since >= M.PATIENCE then
    self.state, self.next = "asking", 1
  end
  if self.state ~= "asking" then
    return false
  end
  local heard = listen(self)
  if self.state ~= "asking" then
    return true
  end
  local questions = self.wanted.questions
  while #self.running < SIDE_BY_SIDE and questions[self.next] do
    local one = questions[self.next]
    self.running[#self.running + 1] = { question = one, query = core.query("quote", arguments_of(one)) }
    self.next = self.next + 1
  end
  if #self.running == 0 then
    self.state, self.sum = "ready", M.total(self.wanted, self.answers)
    return true
  end
  return heard
end

--- Give up what is being asked.
function M:close()
  self:want(nil, 0)
end

local function add_price(prices, key, amount)
  if amount == nil or prices[key] == false then
    prices[key] = false
  else
    prices[key] = (prices[key] or 0) + amount
  end
end

--- Give the sum of the answers: {amount, unit, left, limits = {sentences}, prices = by order and length,
-- false where one isn't known, count = how many are priced}; amount is nil where a price isn't known.
-- @param answers by the plan's questions: the rows of the core, order by order
function M.total(plan, answers)
  local total = { limits = {}, prices = {}, count = 0 }
  local told = {}
  for number in ipairs(plan.counts) do
    total.prices[number] = {}
  end
  for _, question in ipairs(plan.questions) do
    for index, row in ipairs(answers[question] or {}) do
      local wide = #question.asks[1].keys
      local one = question.asks[(index - 1) // wide + 1]
      total.unit = total.unit or plain(row.unit)
      total.left = total.left or plain(row.left)
      for _, number in ipairs(one.numbers) do
        add_price(total.prices[number], one.keys[(index - 1) % wide + 1], plain(row.amount))
      end
      for _, sentence in ipairs(row.limits or {}) do
        if not told[sentence] then
          told[sentence] = true
          total.limits[#total.limits + 1] = sentence
        end
      end
    end
  end
  local amount = 0
  for number, prices in ipairs(total.prices) do
    for key, count in pairs(plan.counts[number]) do
      total.count = total.count + count
      amount = amount and prices[key] and amount + prices[key] * count or nil
    end
  end
  total.amount = amount
  return total
end

local function amount_in_words(total, engine)
  if engine == "offline" then
    return "Free: this computer does the work."
  end
  if not total.amount then
    return "The price isn't known; you are asked before anything is spent."
  end
  local left = total.left and (" (%d left)"):format(math.floor(total.left)) or ""
  if total.unit == "attempts" then
    return ("Costs %d of today's free separations%s."):format(math.floor(total.amount), left)
  end
  local unit = total.amount == 1 and "credit" or "credits"
  return ("Costs %d %s%s."):format(math.floor(total.amount), unit, left)
end

--- Give what is to be said: {text=, kind="dim"|"text"|"warn"|"bad", more=list of sentences}.
function M:words(engine)
  if self.state == "none" then
    return { text = "", kind = "dim", more = {} }
  end
  if self.state == "many" then
    local text = ("More than %d lengths aren't priced beforehand; each job asks before it spends."):format(
      M.MOST
    )
    return { text = text, kind = "text", more = {} }
  end
  if self.state == "waiting" or self.state == "asking" then
    return { text = "Looking up the cost…", kind = "dim", more = {} }
  end
  if self.state == "failed" then
    local hint = self.error.hint
    return { text = self.error.message, kind = "bad", more = hint and hint ~= "" and { hint } or {} }
  end
  local total = self.sum
  local short = total.amount and total.left and total.amount > total.left
  local kind = (short or #total.limits > 0) and "warn" or "text"
  return { text = amount_in_words(total, engine), kind = kind, more = total.limits }
end

--- Give what each job may spend without asking, the price that was shown: by order and length (see
-- `span_key`; "" where nothing is sent); nil when nothing was shown.
function M:allowed()
  return self.state == "ready" and self.sum.prices or nil
end

return M
