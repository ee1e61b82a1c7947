-- Load for wrk in which no two requests are alike, so that no cache can answer.
-- Arguments: a word unique to this run, the model, then for each client the word `client`, header names and values in turn.
local run, model
local sent = 0
-- Headers of each client; they ask in turn.
local clients = {}

-- Plain prose: the detectors of a gateway read all of it and find nothing.
local sentences = {
  "The harvest festival opened with a parade of lanterns along the river. ",
  "Please explain in two sentences why bread needs time to rest before baking. ",
  "Our museum would like a friendly text for visitors who come with children. ",
  "The library extended its opening hours because students asked for it. ",
  "Summarise the discussion and say which of the proposals found support. ",
  "A violin is tuned in fifths, and its strings were once made of gut. ",
  "Compare trains and coaches for a journey across the mountains in winter. ",
  "The team wants to know which chapters should be read first. ",
  "Translate the greeting on the invitation so that it still sounds warm. ",
  "Write a short poem about rain on the roof of a quiet workshop. ",
  "In spring the meadow behind the school fills with yellow flowers. ",
}
local count = #sentences

-- Letters, not digits: a number could be taken for a telephone or card number.
local function letters(number)
  local text = ""
  repeat
    text = string.char(97 + number % 26) .. text
    number = math.floor(number / 26)
  until number == 0
  return text
end

function init(arguments)
  run, model = arguments[1], arguments[2]
  local index = 3
  while index <= #arguments do
    if arguments[index] == "client" then
      clients[#clients + 1] = { ["content-type"] = "application/json" }
      index = index + 1
    else
      clients[#clients][arguments[index]] = arguments[index + 1]
      index = index + 2
    end
  end
end

function request()
  sent = sent + 1
  local parts = { "Request ", run, " ", letters(sent), ": " }
  -- Three to eleven sentences: bodies of 330 to 900 bytes.
  for index = 0, 2 + sent % 9 do
    parts[#parts + 1] = sentences[(sent * 7 + index * (1 + sent % 10)) % count + 1]
  end
  local body = '{"model":"' .. model .. '","messages":[{"role":"user","content":"' .. table.concat(parts) .. '"}]}'
  return wrk.format("POST", nil, clients[sent % #clients + 1], body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"statusErrors":%d,"socketErrors":%d,"timeouts":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
