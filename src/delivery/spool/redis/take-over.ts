import type { JournalTimes } from '../journal.js';
import { byName, parseObject } from '../spool-description.js';
import { type Awake, mayTakeOver } from '../take-over.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS as K, type RedisScript, script } from './redis-scripts.js';

/** Replies with each process, the JSON about it, whether it is alive, and its streams. */
const LIST: RedisScript = script(`
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
const TAKE_OVER: RedisScript = script(`
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

/** A process with a journal, which is dead if Redis has let `alive:<instance>` expire. */
interface ListedProcess {
  readonly instance: string;
  /** What it has stored about itself. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly isAlive: boolean;
  readonly streams: readonly string[];
}

/** The processes that have journals, oldest first. */
export async function listProcesses(connection: RedisConnection): Promise<ListedProcess[]> {
  const found = (await connection.run(LIST, [])) as [string, string, number, string[]][];
  const processes = found.map(([instance, json, alive, streams]) => ({
    instance,
    about: parseObject(json),
    isAlive: alive === 1,
    streams: streams.sort(),
  }));
  return processes.sort((a, b) => byName(a.instance, b.instance));
}

/** The journal of this process. */
interface OwnJournal {
  readonly instance: string;
  readonly awake: Awake;
  readonly options: {
    readonly connection: RedisConnection;
    readonly hasToken: boolean;
    readonly times: JournalTimes;
  };
}

/**
 * Takes over the streams of at most `most` dead processes. Returns how many processes. After an outage of Redis or of the network, each gets
 * time to show that it is alive, unless it has ended.
 */
export async function takeOverDead(own: OwnJournal, most: number): Promise<number> {
  const { connection, times } = own.options;
  const sinceMillis = Math.max(own.awake.look(), connection.openedMillis);
  const hadTime = performance.now() - sinceMillis >= times.deadMillis;
  let taken = 0;
  for (const { instance, about, isAlive } of await listProcesses(connection)) {
    if (taken === most) break;
    const isDead = !isAlive && (hadTime || about.hasEnded === true);
    if (instance === own.instance || !isDead || !mayTakeOver(own.options, about)) continue;
    taken += Number(await connection.run(TAKE_OVER, [own.instance, instance]));
  }
  return taken;
}
