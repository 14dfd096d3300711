-- ARGV: the epoch and number up to which a reader has read, the reader's user, entries to look at.
-- Answers the epoch and number of the newest entry; 1 if nothing after what the reader has is missing, else 0; the number
-- up to which entries were looked at; then number and body of each message of the user among them.
local epoch, number, user, looked_max = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local head_epoch, head_number
if present() and redis.call('HGET', KEYS[2], 'run') == run_of_server() then
  head_epoch, head_number = newest()
else
  head_epoch, head_number = begin(epoch), 0
end
local answer = { string.format('%.0f', head_epoch), string.format('%.0f', head_number), '0', string.format('%.0f', number) }
if head_epoch ~= epoch or number > head_number then return answer end

local after = string.format('(%.0f-%.0f', epoch, number)
local entries = redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', looked_max)
for _, entry in ipairs(entries) do
  number = number + 1
  -- Numbers have no gaps: one that is missing was removed to make room.
  if entry[1] ~= string.format('%.0f-%.0f', epoch, number) then return answer end
  local fields = entry[2]
  if fields[1] == 'user' and fields[2] == user then
    answer[#answer + 1] = string.format('%.0f', number)
    answer[#answer + 1] = fields[6]
  end
end
-- Everything up to the head was removed.
if #entries == 0 and number < head_number then return answer end
answer[3] = '1'
answer[4] = string.format('%.0f', number)
return answer
