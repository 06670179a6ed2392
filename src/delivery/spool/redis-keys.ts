import { randomBytes } from 'node:crypto';
import type { SharedKeys } from '../../common/visitor-keys.js';
import type { RedisConnection } from './redis-connection.js';

/**
 * `(day, key)…`: sets the keys of days that are not over for an hour, and deletes the key that does not change; with an empty day, sets
 * that one. The first process that sets one wins. Replies with each key, or an empty text.
 */
const SHARE_KEYS = `
local name = 'matomo-spool:visitor-key'
if ARGV[1] ~= '' then redis.call('DEL', name) end
local now = tonumber(redis.call('TIME')[1])
local keys = {}
for i = 1, #ARGV, 2 do
  local key = name
  if ARGV[i] == '' then redis.call('SET', key, ARGV[i + 1], 'NX')
  else
    key = name .. ':' .. ARGV[i]
    local left = (tonumber(ARGV[i]) + 1) * 86400 + 3600 - now
    if left > 0 then redis.call('SET', key, ARGV[i + 1], 'NX', 'EX', left) end
  end
  table.insert(keys, redis.call('GET', key) or '')
end
return keys
`;

/** Shares visitor keys with other processes. Those of days expire by the clock of Redis. */
export async function shareKeys(connection: RedisConnection, keys: SharedKeys): Promise<void> {
  const { days } = keys;
  const own = days.flatMap((day) => {
    const key = keys.find(day) ?? randomBytes(32);
    return [String(day ?? ''), key.toString('hex')];
  });
  const found = (await connection.run(SHARE_KEYS, own)) as string[];
  for (const [i, day] of days.entries())
    if (found[i]) keys.learn(day, Buffer.from(found[i], 'hex'));
}
