-- Cost and limits before the start: asked of the core a moment after the order stopped changing.
local core = require("core")
local json = require("json")

local M = {}
M.__index = M

-- Seconds that an order must stand still before it is priced.
M.PATIENCE = 0.45
-- As many lengths as the core prices at once (MOST_SPANS of the core).
M.MOST = 16

function M.new()
  return setmetatable({ key = nil, state = "none" }, M)
end

local function plain(value)
  if value == json.null then
    return nil
  end
  return value
end

--- Give the core's arguments for an order on jobs as `out.describe` gives them.
-- @param order what `choice:order` gave
-- @param jobs list of {seconds, rate, channels}; empty where the model takes no audio
function M.arguments(order, jobs)
  local arguments = { engine = order.engine, model = order.model, options = order.options }
  if #jobs > 0 then
    local spans = {}
    for index, job in ipairs(jobs) do
      spans[index] = {
        frames = math.max(1, math.ceil(job.seconds * job.rate - 1e-6)),
        rate = math.floor(job.rate),
        channels = math.floor(job.channels),
      }
    end
    arguments.spans = json.array(spans)
  end
  return arguments
end

--- Say what is to be priced now; nothing happens as long as it stays the same.
-- @param arguments what `arguments` gave; nil: there is nothing to price
function M:want(arguments, now)
  local key = arguments and json.encode(arguments)
  if key == self.key then
    return
  end
  if self.query then
    self.query:cancel()
    self.query = nil
  end
  self.key, self.wanted, self.since = key, arguments, now
  self.rows, self.error = nil, nil
  self.state = arguments and "waiting" or "none"
  if arguments and arguments.spans and #arguments.spans > M.MOST then
    self.state = "many"
  end
end

--- Go on; true when something changed.
function M:tick(now)
  if self.state == "waiting" and now - self.since >= M.PATIENCE then
    self.query = core.query("quote", self.wanted)
    self.state = "asking"
    return true
  end
  if self.state ~= "asking" then
    return false
  end
  local answer = self.query:poll()
  if not answer then
    return false
  end
  self.query = nil
  if answer.error then
    self.state, self.error = "failed", answer.error
  else
    self.state, self.rows = "ready", answer.rows
  end
  return true
end

--- Give up what is being asked.
function M:close()
  self:want(nil, 0)
end

--- Give the sum of a quote's rows: {amount=, unit=, left=, limits={sentences}, most=the dearest job's};
-- amount and most are nil where one isn't known.
function M.total(rows)
  local total = { amount = 0, most = 0, limits = {} }
  local told = {}
  for _, row in ipairs(rows) do
    local amount = plain(row.amount)
    total.unit = total.unit or plain(row.unit)
    total.left = total.left or plain(row.left)
    if amount == nil then
      total.amount, total.most = nil, nil
    elseif total.amount then
      total.amount = total.amount + amount
      total.most = math.max(total.most, amount)
    end
    for _, sentence in ipairs(row.limits or {}) do
      if not told[sentence] then
        told[sentence] = true
        total.limits[#total.limits + 1] = sentence
      end
    end
  end
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
    local text = ("More than %d jobs aren't priced beforehand; each asks before it spends."):format(M.MOST)
    return { text = text, kind = "text", more = {} }
  end
  if self.state == "waiting" or self.state == "asking" then
    return { text = "Looking up the cost…", kind = "dim", more = {} }
  end
  if self.state == "failed" then
    local hint = self.error.hint
    return { text = self.error.message, kind = "bad", more = hint and hint ~= "" and { hint } or {} }
  end
  local total = M.total(self.rows)
  local short = total.amount and total.left and total.amount > total.left
  local kind = (short or #total.limits > 0) and "warn" or "text"
  return { text = amount_in_words(total, engine), kind = kind, more = total.limits }
end

--- Give the credits that each job of the order may spend without asking: what was shown; nil when unknown.
function M:limit()
  if self.state ~= "ready" then
    return nil
  end
  local total = M.total(self.rows)
  return total.most and math.floor(total.most) or nil
end

return M
