import { createHash } from 'node:crypto';
import { ALIVE_MILLIS, REDIS_KEYS as K } from './redis-keys.js';

/** A script that Redis runs atomically. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** How long the counts of a process are kept after its last heartbeat. */
const FORGET_MILLIS = 86_400_000;

const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** `description, key`: the spool's Matomo, and a visitor key if the text is not empty. The first process that sets them wins. */
export const OPEN: RedisScript = script(`
redis.call('SET', '${K.description}', ARGV[1], 'NX')
if ARGV[2] ~= '' then redis.call('SET', '${K.visitorKey}', ARGV[2], 'NX') end
return { redis.call('GET', '${K.description}'), redis.call('GET', '${K.visitorKey}') }
`);

/**
 * `(day, key)…`: deletes the key that does not change, and sets the keys of days that are not over for an hour. The first process that
 * sets one wins. Replies with the key of each day, or an empty text.
 */
export const DAILY_KEYS: RedisScript = script(`
redis.call('DEL', '${K.visitorKey}')
local now = tonumber(redis.call('TIME')[1])
local keys = {}
for i = 1, #ARGV, 2 do
  local left = (tonumber(ARGV[i]) + 1) * 86400 + 3600 - now
  local name = '${K.dailyKey}' .. ARGV[i]
  if left > 0 then redis.call('SET', name, ARGV[i + 1], 'NX', 'EX', left) end
  keys[#keys + 1] = redis.call('GET', name) or ''
end
return keys
`);

/**
 * `instance, host, batch, maxBytes, (shard, line)…`: stores each batch of hits once, as many as fit, and sends a heartbeat. Replies
 * with all results of this process' hits, and the bytes and hits of all processes.
 */
const REPORT_LINES = `${NOW}
local mine = '${K.process}' .. ARGV[1]
redis.call('ZADD', '${K.processes}', now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', '${K.processes}', 0, now - ${FORGET_MILLIS})
redis.call('HSET', mine, 'host', ARGV[2])
redis.call('HSETNX', mine, 'first_seen', now)
if tonumber(redis.call('HGET', mine, 'batch') or '0') < tonumber(ARGV[3]) then
  local bytes = tonumber(redis.call('GET', '${K.bytes}') or '0')
  local kept = 0
  local added = 0
  for i = 5, #ARGV, 2 do
    local size = #ARGV[i + 1]
    if bytes + added + size > tonumber(ARGV[4]) then break end
    local id = redis.call('XADD', '${K.hits}' .. ARGV[i], '*', 'p', ARGV[1], 'h', ARGV[i + 1])
    redis.call('HSET', mine, 'last_stored', string.match(id, '%d+'))
    added = added + size
    kept = kept + 1
  end
  if added > 0 then redis.call('INCRBY', '${K.bytes}', added) end
  redis.call('HINCRBY', mine, 'stored', kept)
  redis.call('HSET', mine, 'batch', ARGV[3], 'kept', kept)
end
redis.call('PEXPIRE', mine, ${FORGET_MILLIS})
local reply = redis.call('HGETALL', mine)
table.insert(reply, 'bytes')
table.insert(reply, redis.call('GET', '${K.bytes}') or '0')
local hits = 0
for shard = 0, tonumber(redis.call('GET', '${K.shards}') or '1') - 1 do
  hits = hits + redis.call('XLEN', '${K.hits}' .. shard)
end
table.insert(reply, 'hits')
table.insert(reply, tostring(hits))
return reply
`;

/** Used if there are hits to store. */
export const STORE: RedisScript = script(REPORT_LINES, true);

/** Used if there are none. */
export const REPORT: RedisScript = script(REPORT_LINES);

/**
 * `instance, leaseMillis, shards`: renews the leases of a process and gives it free ones up to its share. Replies with the share, and
 * with the shards whose lease it renewed and acquired, each with the number of the lease. Shortens heartbeats and leases from the
 * future, which exist if Redis' clock was set back.
 */
export const HOLD: RedisScript = script(`${NOW}
for _, process in ipairs(redis.call('ZRANGEBYSCORE', '${K.processes}', '(' .. now, '+inf')) do
  redis.call('ZADD', '${K.processes}', now, process)
end
local shards = tonumber(redis.call('GET', '${K.shards}') or '0')
if shards < tonumber(ARGV[3]) then
  shards = tonumber(ARGV[3])
  redis.call('SET', '${K.shards}', shards)
end
local alive = redis.call('ZCOUNT', '${K.processes}', now - ${ALIVE_MILLIS}, '+inf')
local share = math.ceil(shards / math.max(alive, 1))
local renewed = {}
local acquired = {}
local free = {}
for shard = 0, shards - 1 do
  local key = '${K.sender}' .. shard
  local holder = redis.call('GET', key)
  if holder == ARGV[1] then
    redis.call('PEXPIRE', key, ARGV[2])
    table.insert(renewed, { shard, tonumber(redis.call('HGET', '${K.leaseNumbers}', shard) or '0') })
  elseif not holder then
    table.insert(free, shard)
  elseif redis.call('PTTL', key) > tonumber(ARGV[2]) then
    local seen = tonumber(redis.call('ZSCORE', '${K.processes}', holder) or '0')
    if seen <= now - ${ALIVE_MILLIS} then redis.call('PEXPIRE', key, ARGV[2]) end
  end
end
for _, shard in ipairs(free) do
  if #renewed + #acquired >= share then break end
  redis.call('SET', '${K.sender}' .. shard, ARGV[1], 'PX', ARGV[2])
  table.insert(acquired, { shard, redis.call('HINCRBY', '${K.leaseNumbers}', shard, 1) })
end
return { share, renewed, acquired }
`);

/** `instance, shard…`: releases leases. */
export const RELEASE: RedisScript = script(`
for i = 2, #ARGV do
  local key = '${K.sender}' .. ARGV[i]
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
`);

/** `instance`: the process closes its spool. The lease holders count the results of its remaining hits. */
export const LEAVE: RedisScript = script(`redis.call('ZREM', '${K.processes}', ARGV[1])`);

/**
 * `instance, number, shard, lease, (id, owner, counter, size)…`: deletes hits with results, once per number, and counts each for the
 * process that made it or, if that process has ended, for the lease holder. A hit that another lease holder has sent or will send is neither deleted
 * nor counted. Replies with the number of those, and with all results of this process' hits.
 */
export const ACKNOWLEDGE: RedisScript = script(`${NOW}
local mine = '${K.process}' .. ARGV[1]
local overlap = 0
if tonumber(redis.call('HGET', mine, 'acknowledgment') or '0') < tonumber(ARGV[2]) then
  local hits = '${K.hits}' .. ARGV[3]
  local holder = redis.call('GET', '${K.sender}' .. ARGV[3])
  local isOthers = holder and holder ~= ARGV[1]
  local lease = tonumber(redis.call('HGET', '${K.leaseNumbers}', ARGV[3]) or '0')
  local hadSuccessor = lease > tonumber(ARGV[4])
  local counts = {}
  local function count(process, field, by)
    counts[process] = counts[process] or {}
    counts[process][field] = (counts[process][field] or 0) + by
  end
  local function take(id)
    if isOthers then return #redis.call('XRANGE', hits, id, id) > 0 end
    return redis.call('XDEL', hits, id) == 1
  end
  local isAlive = { [ARGV[1]] = true }
  local isKnown = { [ARGV[1]] = true }
  local freed = 0
  for i = 5, #ARGV, 4 do
    local owner = ARGV[i + 1]
    local key = '${K.process}' .. owner
    if isAlive[owner] == nil then
      isAlive[owner] = tonumber(redis.call('ZSCORE', '${K.processes}', owner) or '0') > now - ${ALIVE_MILLIS}
      isKnown[owner] = redis.call('EXISTS', key) == 1
    end
    local exists = take(ARGV[i])
    if exists and isOthers or hadSuccessor and not exists then
      overlap = overlap + 1
    else
      freed = freed + ARGV[i + 3]
      -- Redis has lost the hit, and maybe its process, which then stored it once more.
      local isLost = not exists
      if isLost then
        local millis = tonumber(string.match(ARGV[i], '%d+'))
        local first = tonumber(redis.call('HGET', key, 'first_seen') or now)
        local last = tonumber(redis.call('HGET', key, 'last_stored') or '0')
        if millis < first or millis > last then count(owner, 'stored', 1) end
      end
      if isLost and not isKnown[owner] then
        isAlive[owner] = true
        isKnown[owner] = true
      end
      if isAlive[owner] then
        count(owner, ARGV[i + 2], 1)
      else
        count(owner, 'taken_over', -1)
        count(ARGV[1], 'taken_over', 1)
        count(ARGV[1], ARGV[i + 2], 1)
      end
    end
  end
  for process, fields in pairs(counts) do
    if isKnown[process] then
      local key = '${K.process}' .. process
      for field, by in pairs(fields) do redis.call('HINCRBY', key, field, by) end
      redis.call('HSETNX', key, 'first_seen', now)
      redis.call('PEXPIRE', key, ${FORGET_MILLIS}, 'NX')
    end
  end
  local bytes = tonumber(redis.call('GET', '${K.bytes}') or '0')
  if freed > 0 then redis.call('DECRBY', '${K.bytes}', math.min(freed, bytes)) end
  if overlap > 0 then redis.call('INCRBY', '${K.overlaps}', overlap) end
  redis.call('HSETNX', mine, 'first_seen', now)
  redis.call('HSET', mine, 'acknowledgment', ARGV[2])
  redis.call('PEXPIRE', mine, ${FORGET_MILLIS})
end
return { overlap, redis.call('HGETALL', mine) }
`);

/** `needsRoom`: a full Redis rejects the script. All others still run then, because they free memory. */
function script(lines: string, needsRoom = false): RedisScript {
  const text = `#!lua${needsRoom ? '' : ' flags=allow-oom'}\n${lines}`;
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
