-- ARGV: the epoch and number up to which a reader has read; 0 and 0 at first.
-- Answers the epoch and number of the newest entry, of a log that continues what the reader has, or is a later epoch.
local seen_epoch, seen_number = tonumber(ARGV[1]), tonumber(ARGV[2])
local epoch = present()
local number = 0
if epoch and redis.call('HGET', KEYS[2], 'run') == run_of_server() then
  epoch, number = newest()
  local is_older = epoch < seen_epoch or (epoch == seen_epoch and number < seen_number)
  if is_older then epoch = nil end
else
  epoch = nil
end
if not epoch then
  epoch, number = begin(seen_epoch), 0
end
return { string.format('%.0f', epoch), string.format('%.0f', number) }
