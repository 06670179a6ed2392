import { DELIVERY_LIMITS } from '../delivery-limits.js';
import { RedisConnection } from './redis-connection.js';
import { ownerOf, reasonOf } from './redis-link.js';
import { DESCRIPTION, MEASURE, PROBE } from './redis-scripts.js';
import { ALL_STREAMS, type Measured, toWaiting } from './redis-streams.js';

/** What a spool in Redis has, and whether it can be used. */
export interface RedisReport {
  /** Why it cannot be used; `undefined` if it can. */
  readonly problem: string | undefined;
  /** The Matomo that gets the hits; `undefined` if no process has opened it yet. */
  readonly matomoUrl: string | undefined;
  /** Hits that have no result, those that are being sent included, and their bytes. */
  readonly hits: number;
  readonly bytes: number;
  /** When the oldest was stored, in epoch seconds; `Infinity` if there is none. */
  readonly oldestSeconds: number;
  /** Redis wants no password, so that whoever reaches it can read them. */
  readonly isOpenToOthers: boolean;
}

/** Looks into a spool, and writes a key that expires at once. Processes may be using it. Never rejects. */
export async function inspectRedis(place: string): Promise<RedisReport> {
  const connection = new RedisConnection(place, DELIVERY_LIMITS.operationMillis);
  const report = { hits: 0, bytes: 0, oldestSeconds: Number.POSITIVE_INFINITY };
  let matomoUrl: string | undefined;
  try {
    await connection.open();
    const description = (await connection.send('GET', DESCRIPTION)) as string | null;
    if (description !== null) {
      matomoUrl = ownerOf(description);
      if (matomoUrl === undefined) throw new Error(`this version cannot read ${DESCRIPTION}`);
      const measured = await connection.run(MEASURE, [description, '0', ...ALL_STREAMS]);
      if (measured !== null) Object.assign(report, toWaiting(measured as Measured, true));
    }
    await connection.send(...PROBE);
    const isOpenToOthers = await isOpen(place);
    return { problem: undefined, matomoUrl, ...report, isOpenToOthers };
  } catch (error) {
    return { problem: reasonOf(error), matomoUrl, ...report, isOpenToOthers: false };
  } finally {
    connection.close();
  }
}

/** Whether Redis answers without a password. */
async function isOpen(place: string): Promise<boolean> {
  const { protocol, host, pathname } = new URL(place);
  const connection = new RedisConnection(`${protocol}//${host}${pathname}`);
  try {
    await connection.open();
    await connection.send('GET', DESCRIPTION);
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}
