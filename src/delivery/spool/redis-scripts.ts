// Keys of a spool in Redis:
//
//     matomo-spool:description               string  format, and URL of Matomo
//     matomo-spool:visitor-key               string  secret of visitor IDs
//     matomo-spool:visitor-key:<day>         string  secret of one UTC day, counted from 1970, with visitorKey: 'daily'; expires
//     matomo-spool:<level>                   stream  hits of processes without a token; the levels are those of `streamOf`
//     matomo-spool:<level>:token             stream  hits that need a token
//     matomo-spool:stored:<process>          string  number of the last STORE of a process; expires
//
// An entry is a hit: h is its line. If it was moved, f is how often it failed, and s when it was stored first, in epoch milliseconds. All
// processes are one consumer of one group. How often an entry was delivered says what became of it:
//
//     0                       released: it can be claimed again, in its place
//     less than SENDING       claimed, and not sent: if its process dies, it can be claimed again
//     the mark of a process   being sent: if that process dies, it is unconfirmed

export const DESCRIPTION = 'matomo-spool:description';
/** A full Redis refuses it, and so does a replica. */
export const PROBE = ['SET', 'matomo-spool:probe', '', 'PX', '1'] as const;
/** Marks of processes begin here. */
export const SENDING: number = 2 ** 32;

/** A day: long enough for a Redis that comes back. */
const RECORD_SECONDS = 86_400;

/** What was released can be claimed at once, whatever is the limit for dead processes: 30 years. */
const LONG_IDLE_MILLIS = 1e12;

/** All scripts but OPEN have description and mark before their other arguments, and reply with nothing if there is no such spool. */
const FUNCTIONS = `
if redis.call('GET', '${DESCRIPTION}') ~= ARGV[1] then return nil end
local mark = tonumber(ARGV[2])
local function open(stream)
  if redis.call('EXISTS', stream) == 0 then
    redis.call('XGROUP', 'CREATE', stream, 'senders', '0', 'MKSTREAM')
  end
end
local function add(stream, ...) redis.call('XADD', stream, '*', ...) end
local function fieldsOf(entry)
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  fields.s = tonumber(fields.s) or string.match(entry[1], '%d+')
  return fields
end
local function deliveries(stream, id)
  local pending = redis.pcall('XPENDING', stream, 'senders', id, id, 1)
  return pending[1] and pending[1][4]
end
local function isOurs(count) return count == mark or count == tonumber(ARGV[4]) end
local function wordsIn(text)
  local words = {}
  for word in string.gmatch(text, '%S+') do table.insert(words, word) end
  return words
end
-- Calls a command for all IDs in pieces, because Lua passes at most 8,000 arguments. Returns the sum of the replies.
local function inPieces(ids, call)
  local sum = 0
  for i = 1, #ids, 5000 do sum = sum + call(unpack(ids, i, math.min(i + 4999, #ids))) end
  return sum
end
local function deliver(stream, ids, count, idleMillis)
  return inPieces(ids, function(...)
    local command = { 'XCLAIM', stream, 'senders', 'all', 0, ... }
    local options = { 'IDLE', idleMillis, 'RETRYCOUNT', count, 'JUSTID' }
    for _, option in ipairs(options) do table.insert(command, option) end
    return #redis.call(unpack(command))
  end)
end
`;

/**
 * `description, stream…`: the first process describes the spool. Groups that somebody has destroyed are made again, so that all hits are
 * claimed again. Replies with the description that was found, if any, and the number of these groups.
 */
export const OPEN: string = `
local found = redis.call('GET', '${DESCRIPTION}')
local made = 0
if not found then redis.call('SET', '${DESCRIPTION}', ARGV[1])
elseif found ~= ARGV[1] then return { found, made } end
for i = 2, #ARGV do
  if redis.call('EXISTS', ARGV[i]) == 1 and redis.pcall('XPENDING', ARGV[i], 'senders').err then
    redis.call('XGROUP', 'CREATE', ARGV[i], 'senders', '0')
    made = made + 1
  end
end
return { found or '', made }
`;

/** `number, stream, lines`: stores hits once, even if it runs again. A full Redis refuses the first command that writes. */
export const STORE: string = `${FUNCTIONS}
local key = 'matomo-spool:stored:' .. ARGV[2]
if redis.call('GET', key) == ARGV[3] then return 1 end
redis.call('SET', key, ARGV[3], 'EX', ${RECORD_SECONDS})
open(ARGV[4])
for line in string.gmatch(ARGV[5], '[^\\n]+') do add(ARGV[4], 'h', line) end
return 1
`;

/**
 * `deadMillis, (stream, most)…`: claims hits of the first stream that has some. Replies with the stream, how often the first one was
 * delivered, a line for each with its ID, 1 if a dead process was sending it, when it was stored and how often it failed, and their lines.
 */
export const CLAIM: string = `${FUNCTIONS}
for i = 4, #ARGV, 2 do
  local stream, most = ARGV[i], tonumber(ARGV[i + 1])
  local first, heads, lines = nil, {}, {}
  local function take(entry, count)
    local fields, wasSent = fieldsOf(entry), count == mark and 1 or 0
    first = first or count
    table.insert(heads, table.concat({ entry[1], wasSent, fields.s, tonumber(fields.f) or 0 }, ' '))
    table.insert(lines, (string.gsub(fields.h or '', '\\n', ' ')))
  end
  if redis.call('EXISTS', stream) == 1 then
    for _, pending in ipairs(redis.call('XPENDING', stream, 'senders', 'IDLE', ARGV[3], '-', '+', most)) do
      local id, count = pending[1], pending[4] < ${SENDING} and pending[4] + 1 or mark
      deliver(stream, { id }, count, 0)
      local entry = redis.call('XRANGE', stream, id, id)[1]
      if entry then take(entry, count) else redis.call('XACK', stream, 'senders', id) end
    end
    local left = most - #heads
    local read = left > 0
      and redis.call('XREADGROUP', 'GROUP', 'senders', 'all', 'COUNT', left, 'STREAMS', stream, '>')
    for _, entry in ipairs(read and read[1][2] or {}) do take(entry, 1) end
  end
  if first then return { stream, first, table.concat(heads, '\\n'), table.concat(lines, '\\n') } end
end
return {}
`;

/** `stream, deliveries, IDs`: hits are being sent, unless another process has claimed them since. Replies with 1 if they are. */
export const SEND: string = `${FUNCTIONS}
local ids = wordsIn(ARGV[5])
if not isOurs(deliveries(ARGV[3], ids[1])) then return 0 end
deliver(ARGV[3], ids, mark, 0)
return 1
`;

/**
 * `stream, deliveries, first ID, ended IDs, released IDs, (stream, failures, since, line)…`: ends a claim. Replies with the number of its
 * hits; with 0, nothing has changed, because another process has claimed them, or because this script has run before. It frees memory before
 * it takes some, so that a full Redis runs it, too.
 */
export const END: string = `${FUNCTIONS}
local stream, ended = ARGV[3], wordsIn(ARGV[6])
local count = deliveries(stream, ARGV[5])
if count and not isOurs(count) then return 0 end
inPieces(ended, function(...) return redis.call('XACK', stream, 'senders', ...) end)
local ours = inPieces(ended, function(...) return redis.call('XDEL', stream, ...) end)
for i = 8, ours > 0 and #ARGV or 0, 4 do
  open(ARGV[i])
  add(ARGV[i], 'f', ARGV[i + 1], 's', ARGV[i + 2], 'h', ARGV[i + 3])
end
if count then ours = ours + deliver(stream, wordsIn(ARGV[7]), 0, ${LONG_IDLE_MILLIS}) end
return ours
`;

/** `stream…`: replies with the hits of each stream, when the first one was stored, and bytes. */
export const MEASURE: string = `${FUNCTIONS}
local measured = {}
for i = 3, #ARGV do
  local stream, since, bytes = ARGV[i], '', 0
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if first then
    since = tostring(fieldsOf(first).s)
    bytes = redis.call('MEMORY', 'USAGE', stream)
  end
  table.insert(measured, { redis.call('XLEN', stream), since, bytes })
end
return measured
`;
