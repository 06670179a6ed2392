import { byName, parseObject } from '../spool-description.js';
import type { ListedProcess } from '../spool-store.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS as K, script } from './redis-scripts.js';

/** Replies with each process, the JSON about it, whether it is alive, and its streams. */
const LIST: string = script(`
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

/** A process is dead if Redis has let `alive:<instance>` expire. */
interface RedisProcess extends ListedProcess {
  /** What it has stored about itself. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** The processes that have journals, oldest first. */
export async function listProcesses(connection: RedisConnection): Promise<RedisProcess[]> {
  const found = (await connection.run(LIST, [])) as [string, string, number, string[]][];
  const processes = found.map(([instance, json, alive, streams]) => {
    const about = parseObject(json);
    const host = typeof about.host === 'string' ? about.host : undefined;
    return { instance, about, host, isAlive: alive === 1, segments: streams.sort() };
  });
  return processes.sort((a, b) => byName(a.instance, b.instance));
}
