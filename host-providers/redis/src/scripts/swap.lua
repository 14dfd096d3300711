-- KEYS: the entry. ARGV: the new value, milliseconds to keep it, and the value to replace if there should be one.
local present = redis.call('GET', KEYS[1])
if present ~= (ARGV[3] or false) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
