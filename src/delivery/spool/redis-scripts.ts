// Keys of a spool in Redis:
//
//     matomo-spool:description               string  format, and URL of Matomo
//     matomo-spool:visitor-key               string  secret of visitor IDs
//     matomo-spool:visitor-key:<day>         string  secret of one UTC day, counted from 1970, with visitorKey: 'daily'; expires
//     matomo-spool:<level>                   stream  bulks of processes without a token; the levels are `LEVELS`
//     matomo-spool:<level>:token             stream  bulks that need a token
//     matomo-spool:count                     string  hits in all streams
//     matomo-spool:stored:<process>          string  number of the last STORE of a process; expires
//     matomo-spool:claim:<process>           string  its open claim: number, hits found unconfirmed, hits found expired, stream, IDs; expires
//
// An entry has f, how often its hits failed; s, when they were stored first, in epoch milliseconds; h, their lines. It is read for the one
// consumer of the one group. How often it was delivered is the number of its first lines that have a result, plus one. If it was read longer
// ago than a claim takes, a process has died. If it was read at the epoch, it was released: it can be claimed again, in its place.

/** Hits that have not failed, have failed once, have failed more often, and are invalid as a whole. */
export const LEVELS = ['hits', 'failed', 'suspects', 'invalid'] as const;

export const DESCRIPTION = 'matomo-spool:description';
/** A full Redis refuses it, and so does a replica. */
export const PROBE = ['SET', 'matomo-spool:probe', '', 'PX', '1'] as const;

/** A day: long enough for a Redis that comes back. */
const RECORD_SECONDS = 86_400;
/** What was read longer ago was released. 31 years. */
const RELEASED_MILLIS = 1e12;

const FUNCTIONS = `
local function isDescribed() return redis.call('GET', '${DESCRIPTION}') == ARGV[1] end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function count(hits) redis.call('INCRBY', 'matomo-spool:count', string.format('%d', hits)) end
local function linesOf(text)
  local lines, from = {}, 1
  repeat
    local to = string.find(text, '\\n', from, true) or #text + 1
    table.insert(lines, string.sub(text, from, to - 1))
    from = to + 1
  until to > #text
  return lines
end
local function add(stream, failures, since, text)
  if redis.call('EXISTS', stream) == 0 then
    redis.call('XGROUP', 'CREATE', stream, 'senders', '0', 'MKSTREAM')
  end
  redis.call('XADD', stream, '*', 'f', failures, 's', since, 'h', text)
end
local function remove(stream, id)
  redis.call('XACK', stream, 'senders', id)
  return redis.call('XDEL', stream, id)
end
local function release(stream, id, ...)
  local released = redis.pcall('XCLAIM', stream, 'senders', 'all', 0, id, 'TIME', 0, 'JUSTID', ...)
  return released.err and 0 or #released
end
`;

/**
 * `description, stream…`: the first process describes the spool. Groups that somebody has destroyed are made again, so that all hits are
 * claimed again. Replies with the description that was found, if any, and the number of these groups.
 */
export const OPEN: string = `${FUNCTIONS}
local found = redis.call('GET', '${DESCRIPTION}')
if not found then redis.call('SET', '${DESCRIPTION}', ARGV[1]) end
local made = 0
if found and found ~= ARGV[1] then return { found, made } end
for i = 2, #ARGV do
  if redis.call('EXISTS', ARGV[i]) == 1 then
    local pending = redis.pcall('XPENDING', ARGV[i], 'senders')
    if pending.err then
      if not string.find(pending.err, 'NOGROUP') then return pending end
      redis.call('XGROUP', 'CREATE', ARGV[i], 'senders', '0')
      made = made + 1
    end
  end
end
return { found or '', made }
`;

// The scripts of a run have description, process and number before their other arguments. They reply with nothing if the database has no
// such spool any more.

/** `stream, hits, lines…`: stores entries once, even if it runs again. A full Redis refuses the first command that writes. */
export const STORE: string = `${FUNCTIONS}
if not isDescribed() then return nil end
local key = 'matomo-spool:stored:' .. ARGV[2]
if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[3]) then return 1 end
redis.call('SET', key, ARGV[3], 'EX', ${RECORD_SECONDS})
count(ARGV[5])
local since = now()
for i = 6, #ARGV do add(ARGV[4], 0, since, ARGV[i]) end
return 1
`;

/**
 * `most, maxBytes, deadMillis, maxAgeMillis, resend, (stream, isSingle)…`: claims hits of the first stream that has some, and removes what
 * dead processes were sending, and what has expired. Replies with the numbers of these, the stream, and entries: ID, since, failures, number
 * of the first line that is left, and lines. An entry that does not fit is left; the first one is cut.
 */
export const CLAIM: string = `${FUNCTIONS}
if not isDescribed() then return nil end
local most, maxBytes, deadMillis = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local oldest, resend = now() - tonumber(ARGV[7]), ARGV[8] == '1'
local unconfirmed, expired, hits, bytes = 0, 0, 0, 0
local claimed, ids, entries, isFull = '-', {}, {}, false

local function take(stream, entry, done, isDead, isSingle)
  local id, fields = entry[1], {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  local text = fields.h or ''
  local lines, bulk = linesOf(text), {}
  local since = tonumber(fields.s) or tonumber(string.match(id, '%d+'))
  local left = #lines - done
  if isDead then
    unconfirmed = unconfirmed + left
    remove(stream, id)
  elseif since < oldest then
    expired = expired + left
    remove(stream, id)
  elseif isFull or hits > 0 and (hits + left > most or bytes + #text > maxBytes) then
    isFull = true
    release(stream, id)
  else
    for i = done + 1, #lines do
      if #bulk == most or #bulk > 0 and bytes + #lines[i] > maxBytes then break end
      table.insert(bulk, lines[i])
      bytes = bytes + #lines[i]
    end
    hits = hits + #bulk
    isFull = isSingle or #bulk < left or hits >= most
    local next = #bulk < left and done + #bulk or 0
    table.insert(ids, id)
    table.insert(entries, { id, since, tonumber(fields.f) or 0, next, table.concat(bulk, '\\n') })
  end
end

local idle = {}
for i = 9, #ARGV, 2 do
  if redis.call('EXISTS', ARGV[i]) == 1 then
    idle[ARGV[i]] = redis.call('XPENDING', ARGV[i], 'senders', 'IDLE', deadMillis, '-', '+', 1000)
  end
end
for i = 9, #ARGV, 2 do
  local stream, isSingle = ARGV[i], ARGV[i + 1] == '1'
  for _, pending in ipairs(idle[stream] or {}) do
    local id = pending[1]
    local entry = redis.call('XRANGE', stream, id, id)[1]
    local isDead = pending[3] < ${RELEASED_MILLIS} and not resend
    if not entry then redis.call('XACK', stream, 'senders', id)
    elseif isDead or not isFull then
      redis.call('XCLAIM', stream, 'senders', 'all', 0, id, 'JUSTID')
      take(stream, entry, pending[4] - 1, isDead, isSingle)
    end
  end
  local isMore = idle[stream] ~= nil
  while isMore and not isFull and expired < 1000 do
    local read = redis.call('XREADGROUP', 'GROUP', 'senders', 'all', 'COUNT', 1, 'STREAMS', stream, '>')
    isMore = read and true
    if isMore then take(stream, read[1][2][1], 0, false, isSingle) end
  end
  if hits > 0 then
    claimed = stream
    break
  end
end
if hits + unconfirmed + expired > 0 then
  count(-unconfirmed - expired)
  local record = { ARGV[3], unconfirmed, expired, claimed, table.concat(ids, ' ') }
  redis.call('SET', 'matomo-spool:claim:' .. ARGV[2], table.concat(record, ' '), 'EX', ${RECORD_SECONDS})
end
return { unconfirmed, expired, claimed, entries }
`;

/** Releases what the CLAIM of this number got, whose reply was lost. Replies with the hits that it found unconfirmed and expired. */
export const RECOVER: string = `${FUNCTIONS}
local key = 'matomo-spool:claim:' .. ARGV[2]
local number, unconfirmed, expired, stream, ids =
  string.match(redis.call('GET', key) or '', '^(%d+) (%d+) (%d+) (%S+) ?(.*)$')
if number ~= ARGV[3] then return { 0, 0 } end
for id in string.gmatch(ids, '%S+') do release(stream, id) end
redis.call('SET', key, table.concat({ number, unconfirmed, expired, '-' }, ' '), 'EX', ${RECORD_SECONDS})
return { tonumber(unconfirmed), tonumber(expired) }
`;

/** `stream, IDs`: a claim goes on. */
export const TOUCH: string = `
for id in string.gmatch(ARGV[5], '%S+') do
  redis.call('XCLAIM', ARGV[4], 'senders', 'all', 0, id, 'JUSTID')
end
return 1
`;

/**
 * `stream, hits with a result, ended IDs, released IDs, (stream, failures, since, lines)…`: ends the claim of this number. A released ID may
 * have the number of its lines that have a result. Replies with how many IDs were still claimed: with 0, nothing was added, because another
 * process has taken the claim for a dead one's, or because this script has run before. It frees memory before it takes some, so that a full
 * Redis runs it, too.
 */
export const END: string = `${FUNCTIONS}
local stream, key = ARGV[4], 'matomo-spool:claim:' .. ARGV[2]
local ours = 0
for id in string.gmatch(ARGV[6], '%S+') do ours = ours + remove(stream, id) end
if string.match(redis.call('GET', key) or '', '^%d+') == ARGV[3] then
  for id, done in string.gmatch(ARGV[7], '([%d-]+):(%d+)') do
    if done == '0' then ours = ours + release(stream, id)
    else ours = ours + release(stream, id, 'RETRYCOUNT', done + 1) end
  end
  redis.call('DEL', key)
end
if ours > 0 then
  count(-ARGV[5])
  for i = 8, #ARGV, 4 do add(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
end
return ours
`;

/**
 * `description, stream…`: replies with the hits in all streams, and for each stream the number of entries that can be claimed, the ID of the
 * oldest one, and bytes.
 */
export const MEASURE: string = `${FUNCTIONS}
if not isDescribed() then return nil end
local measured = { tonumber(redis.call('GET', 'matomo-spool:count') or '0') }
for i = 2, #ARGV do
  local stream, entries, oldest, bytes = ARGV[i], 0, '', 0
  if redis.call('EXISTS', stream) == 1 then
    local pending = redis.call('XPENDING', stream, 'senders')
    local left = redis.call('XPENDING', stream, 'senders', 'IDLE', ${RELEASED_MILLIS}, '-', '+', 1000)
    local new = redis.call('XRANGE', stream, pending[1] > 0 and '(' .. pending[3] or '-', '+', 'COUNT', 1)
    local first = left[1] or new[1]
    entries = redis.call('XLEN', stream) - pending[1] + #left
    oldest = first and first[1] or ''
    bytes = redis.call('MEMORY', 'USAGE', stream)
  end
  table.insert(measured, { entries, oldest, bytes })
end
return measured
`;
