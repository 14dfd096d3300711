-- KEYS: the log and its state. Everything of the log is written here, so its epochs and numbers are decided in one place.

-- The run of the server. What it lost when it stopped can not be known, so another run is another epoch.
local function run_of_server()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

-- The epoch and number of the log's newest entry.
local function newest()
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      local epoch, number = string.match(info[i + 1], '(%d+)-(%d+)')
      return tonumber(epoch), tonumber(number)
    end
  end
end

-- The present epoch, if there is a log.
local function present()
  if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
  return tonumber(redis.call('HGET', KEYS[2], 'epoch') or nil)
end

-- Starts the log anew, in an epoch later than any seen: by the clock, in the state, in the log, or by a reader.
-- Its first entry, number 0, tells readers so.
local function begin(seen)
  local time = redis.call('TIME')
  -- In microseconds: a log that is lost and begun again within a millisecond must not pass for the one before.
  local epoch = time[1] * 1000000 + time[2]
  epoch = math.max(epoch, seen + 1, (tonumber(redis.call('HGET', KEYS[2], 'epoch') or nil) or 0) + 1)
  if redis.call('EXISTS', KEYS[1]) == 1 then
    epoch = math.max(epoch, newest() + 1)
    redis.call('DEL', KEYS[1])
  end
  redis.call('HSET', KEYS[2], 'epoch', string.format('%.0f', epoch), 'run', run_of_server(), 'bytes', 0)
  redis.call('XADD', KEYS[1], string.format('%.0f-0', epoch), 'begin', '')
  return epoch
end
