import { randomBytes } from 'node:crypto';
import type { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { OPEN } from './redis-scripts.js';

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
