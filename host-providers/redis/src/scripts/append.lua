-- ARGV: messages and bytes to keep at most, then user, event and body of each message.
local messages_max, bytes_max = tonumber(ARGV[1]), tonumber(ARGV[2])
local epoch = present() or begin(0)
local id = string.format('%.0f-*', epoch)
local added = 0
for i = 3, #ARGV, 3 do
  redis.call('XADD', KEYS[1], id, 'user', ARGV[i], 'event', ARGV[i + 1], 'body', ARGV[i + 2])
  added = added + #ARGV[i] + #ARGV[i + 1] + #ARGV[i + 2]
end
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', added)

-- The oldest make room, one by one: what they held is only known by reading them.
local removed = 0
local length = redis.call('XLEN', KEYS[1])
while length > 1 and (length > messages_max or bytes - removed > bytes_max) do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if oldest[2][1] == 'user' then
    removed = removed + #oldest[2][2] + #oldest[2][4] + #oldest[2][6]
  end
  redis.call('XDEL', KEYS[1], oldest[1])
  length = length - 1
end
if removed > 0 then redis.call('HINCRBY', KEYS[2], 'bytes', -removed) end
