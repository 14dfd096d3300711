-- Sends the requests of a file, one a line: METHOD <tab> PATH <tab> TOKEN <tab> BODY. Round and round, or once each when
-- the second argument is "once" (a task can be completed only once). Prints one line of JSON at the end.
-- wrk -t1 -c32 -d8s -s requests.lua URL -- FILE [once]

local requests, next_one, once = {}, 0, false

function init(args)
  once = args[2] == "once"
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { ["Authorization"] = "Bearer " .. token }
    if body == "" then body = nil else headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  next_one = next_one + 1
  if next_one > #requests then
    if once then wrk.thread:stop() end
    next_one = 1
  end
  return requests[next_one]
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
  io.write(string.format('{"requests":%d,"seconds":%.3f,"failed":%d,"timeouts":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, failed, summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
