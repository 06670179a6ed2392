// Keys of a spool in Redis. `<instance>` is a journal of one process, `<origin>` that of a dead process which it took over:
//
//     matomo-spool:description               string  format and URL of Matomo
//     matomo-spool:visitor-key               string  secret of visitor IDs
//     matomo-spool:visitor-key:<day>         string  secret of one UTC day, counted from 1970, with visitorKey: 'daily'; expires
//     matomo-spool:bytes                     string  bytes of all lines
//     matomo-spool:instances                 hash    JSON about each process: its host, whether it has a token or has ended
//     matomo-spool:alive:<instance>          string  expires if the process does not renew it
//     matomo-spool:streams:<instance>        set     the streams of a process
//     matomo-spool:hits:<instance>           stream  its hits without a result: h, the line
//     matomo-spool:hits:<instance>:<origin>  stream  hits that it took over

/** Key names. `hits`, `streams`, `alive` and `dailyKey` are prefixes. */
export const REDIS_KEYS = {
  description: 'matomo-spool:description',
  visitorKey: 'matomo-spool:visitor-key',
  dailyKey: 'matomo-spool:visitor-key:',
  bytes: 'matomo-spool:bytes',
  instances: 'matomo-spool:instances',
  alive: 'matomo-spool:alive:',
  streams: 'matomo-spool:streams:',
  hits: 'matomo-spool:hits:',
} as const;

const K = REDIS_KEYS;

/** `description`: the spool's Matomo. The first process that sets it wins. */
export const OPEN: string = script(`
redis.call('SET', '${K.description}', ARGV[1], 'NX')
return redis.call('GET', '${K.description}')
`);

/**
 * `(day, key)…`: sets the keys of days that are not over for an hour, and deletes the key that does not change; with an empty day, sets
 * that one. The first process that sets one wins. Replies with each key, or an empty text.
 */
export const SHARE_KEYS: string = script(`
if ARGV[1] ~= '' then redis.call('DEL', '${K.visitorKey}') end
local now = tonumber(redis.call('TIME')[1])
local keys = {}
for i = 1, #ARGV, 2 do
  local name = '${K.visitorKey}'
  if ARGV[i] == '' then redis.call('SET', name, ARGV[i + 1], 'NX')
  else
    name = '${K.dailyKey}' .. ARGV[i]
    local left = (tonumber(ARGV[i]) + 1) * 86400 + 3600 - now
    if left > 0 then redis.call('SET', name, ARGV[i + 1], 'NX', 'EX', left) end
  end
  keys[#keys + 1] = redis.call('GET', name) or ''
end
return keys
`);

/** `instance, JSON, deadMillis`: makes an empty journal. The stream exists from then on, so that a missing one is a lost one. */
export const JOIN: string = script(`
local hits = '${K.hits}' .. ARGV[1]
redis.call('XADD', hits, '1-0', 'h', '')
redis.call('XDEL', hits, '1-0')
redis.call('SADD', '${K.streams}' .. ARGV[1], hits)
redis.call('SET', '${K.alive}' .. ARGV[1], '1', 'PX', ARGV[3])
redis.call('HSET', '${K.instances}', ARGV[1], ARGV[2])
`);

/**
 * `instance, deadMillis`: shows that the process is alive, and restores what Redis may have evicted. Replies with whether the process has
 * its journal, and the bytes of all.
 */
export const BEAT: string = script(`
local hits = '${K.hits}' .. ARGV[1]
local isThere = redis.call('HEXISTS', '${K.instances}', ARGV[1]) * redis.call('EXISTS', hits)
if isThere == 1 then
  redis.call('SADD', '${K.streams}' .. ARGV[1], hits)
  if redis.call('PEXPIRE', '${K.alive}' .. ARGV[1], ARGV[2]) == 0 then
    redis.call('SET', '${K.alive}' .. ARGV[1], '1', 'PX', ARGV[2])
  end
end
return { isThere, tonumber(redis.call('GET', '${K.bytes}') or '0') }
`);

/**
 * `instance, first, line…`: stores lines with the IDs `first`, `first + 1`, …, once. If the newest ID is not smaller, they were stored
 * and the reply was lost. Replies with whether the process has its journal.
 */
export const STORE: string = script(
  `
local hits = '${K.hits}' .. ARGV[1]
if redis.call('HEXISTS', '${K.instances}', ARGV[1]) == 0 or redis.call('EXISTS', hits) == 0 then
  return 0
end
local info = redis.call('XINFO', 'STREAM', hits)
local newest = 0
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then newest = tonumber(string.match(info[i + 1], '%d+')) end
end
if newest >= tonumber(ARGV[2]) then return 1 end
local bytes = 0
for i = 3, #ARGV do
  redis.call('XADD', hits, (ARGV[2] + i - 3) .. '-0', 'h', ARGV[i])
  bytes = bytes + #ARGV[i]
end
redis.call('INCRBY', '${K.bytes}', bytes)
return 1
`,
  true,
);

/** `instance, stream, ID…`: deletes hits that have a result, and a stream that was taken over and is empty. */
export const DECIDE: string = script(`
local bytes = 0
for i = 3, #ARGV do
  local entry = redis.call('XRANGE', ARGV[2], ARGV[i], ARGV[i])[1]
  if entry and redis.call('XDEL', ARGV[2], ARGV[i]) == 1 then bytes = bytes + #entry[2][2] end
end
local all = tonumber(redis.call('GET', '${K.bytes}') or '0')
if bytes > 0 then redis.call('DECRBY', '${K.bytes}', math.min(bytes, all)) end
if ARGV[2] ~= '${K.hits}' .. ARGV[1] and redis.call('XLEN', ARGV[2]) == 0 then
  redis.call('DEL', ARGV[2])
  redis.call('SREM', '${K.streams}' .. ARGV[1], ARGV[2])
end
`);

/** Replies with each process, the JSON about it, whether it is alive, and its streams. */
export const LIST: string = script(`
local found = {}
local all = redis.call('HGETALL', '${K.instances}')
for i = 1, #all, 2 do
  local isAlive = redis.call('EXISTS', '${K.alive}' .. all[i])
  local streams = redis.call('SMEMBERS', '${K.streams}' .. all[i])
  found[#found + 1] = { all[i], all[i + 1], isAlive, streams }
end
return found
`);

/**
 * `instance, dead`: takes over all streams of a dead process. Replies with whether it did; not if that is alive, another process was
 * first, or this one has lost its journal.
 */
export const TAKE_OVER: string = script(`
local me, dead = ARGV[1], ARGV[2]
if redis.call('HEXISTS', '${K.instances}', me) == 0 then return 0 end
if redis.call('HEXISTS', '${K.instances}', dead) == 0 then return 0 end
if redis.call('EXISTS', '${K.alive}' .. dead) == 1 then return 0 end
for _, stream in ipairs(redis.call('SMEMBERS', '${K.streams}' .. dead)) do
  local mine = '${K.hits}' .. me .. ':' .. string.match(stream, '[^:]+$')
  if redis.call('EXISTS', stream) == 1 and redis.call('RENAMENX', stream, mine) == 1 then
    redis.call('SADD', '${K.streams}' .. me, mine)
  end
end
redis.call('DEL', '${K.streams}' .. dead)
redis.call('HDEL', '${K.instances}', dead)
return 1
`);

/** `instance, JSON`: the process has ended. A journal without hits is deleted. */
export const LEAVE: string = script(`
local streams = '${K.streams}' .. ARGV[1]
for _, stream in ipairs(redis.call('SMEMBERS', streams)) do
  if redis.call('XLEN', stream) == 0 then
    redis.call('DEL', stream)
    redis.call('SREM', streams, stream)
  end
end
if redis.call('EXISTS', streams) == 0 then redis.call('HDEL', '${K.instances}', ARGV[1])
elseif redis.call('HEXISTS', '${K.instances}', ARGV[1]) == 1 then
  redis.call('HSET', '${K.instances}', ARGV[1], ARGV[2])
end
redis.call('DEL', '${K.alive}' .. ARGV[1])
`);

/** `needsRoom`: a full Redis rejects the script. All others still run then, because they free memory. */
function script(lines: string, needsRoom = false): string {
  return `#!lua${needsRoom ? '' : ' flags=allow-oom'}\n${lines}`;
}
