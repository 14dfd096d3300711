-- KEYS: the entry. ARGV: what to add, milliseconds to keep the sum.
-- Answers the sum as text, because Lua's numbers are exact to 53 bits only; false if there is none.
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' then
  local is_no_number = string.find(sum.err, 'not an integer', 1, true)
  local is_too_large = string.find(sum.err, 'overflow', 1, true)
  if is_no_number or is_too_large then return false end
  return sum
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('GET', KEYS[1])
