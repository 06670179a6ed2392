import { randomBytes } from 'node:crypto';
import type { DailyKeys } from '../../../common/daily-keys.js';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { DAILY_KEYS, OPEN } from './redis-scripts.js';

const FORMAT = 1;

/** The Redis cannot be used. The message is for the operator. */
export class UnusableRedis extends Error {}

/**
 * Makes a database the spool of one Matomo. If `keepsKey`, returns the visitor key that all its users share. Rejects if the database
 * belongs to another Matomo.
 */
export async function claimRedis(
  connection: RedisConnection,
  url: string,
  keepsKey: boolean,
): Promise<Buffer | undefined> {
  const description = JSON.stringify({ format: FORMAT, url });
  const ownKey = keepsKey ? randomBytes(32).toString('hex') : '';
  const [found, key] = (await connection.run(OPEN, [description, ownKey])) as [string, string];
  if (found !== description) throw new UnusableRedis(whose(found));
  return keepsKey ? Buffer.from(key, 'hex') : undefined;
}

/** Shares the keys of the current days by the clock of Redis, which deletes them later. */
export async function keepDailyKeys(connection: RedisConnection, keys: DailyKeys): Promise<void> {
  const own = keys.days.flatMap((day) => [String(day), randomBytes(32).toString('hex')]);
  const found = (await connection.run(DAILY_KEYS, own)) as string[];
  keys.days.forEach((day, index) => {
    const key = found[index];
    if (key) keys.learn(day, Buffer.from(key, 'hex'));
  });
}

function whose(description: string): string {
  const { url } = parse(description);
  if (typeof url === 'string') return `it belongs to ${url}`;
  return `this version cannot read its ${REDIS_KEYS.description}`;
}

function parse(text: string): { url?: unknown } {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}
