import { onTestFinished } from 'vitest';
import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { SharedKeys } from '../../../src/common/visitor-keys.js';
import {
  createDeliveryCounts,
  type DeliveryCounts,
  type Results,
} from '../../../src/delivery/delivery-counts.js';
import { DELIVERY_LIMITS, type DeliveryLimits } from '../../../src/delivery/delivery-limits.js';
import { openRedis } from '../../../src/delivery/spool/redis-spool.js';
import type { Claim as RedisClaim, Spool } from '../../../src/delivery/store.js';
import type { Claim, Store, StoredHit, StoreSetup } from './store.js';

export { DailyKeys } from '../../../src/common/visitor-keys.js';
export { inspectRedis } from '../../../src/delivery/spool/inspect-redis.js';

export interface RedisSetup {
  readonly place: string;
  readonly limits?: Partial<DeliveryLimits>;
  readonly matomoUrl?: string;
  readonly hasToken?: boolean;
  readonly maxBytes?: number;
  readonly maxAgeMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly resendUnconfirmed?: boolean;
  readonly keys?: SharedKeys;
}

/** A spool in Redis, as delivery uses it. */
export interface Redis {
  readonly spool: Spool;
  readonly counts: DeliveryCounts;
  /** Codes of logged lines, in order. */
  codes(): (string | undefined)[];
  /** Whether any logged line contains a text. */
  hasLogged(text: string): boolean;
  /** Hits that came in, and hits that are accounted for. `put`: those that it has taken. */
  balance(put: number): readonly [came: number, known: number];
}

export async function openRedisSpool({
  place,
  limits,
  keys,
  ...setup
}: RedisSetup): Promise<Redis> {
  const counts = createDeliveryCounts();
  const lines: string[] = [];
  const log = new LogLines((message) => void lines.push(message));
  const spool = await openRedis({
    place,
    matomoUrl: 'https://matomo.test/matomo.php',
    hasToken: true,
    maxBytes: 2 ** 30,
    maxAgeMillis: 7 * 86_400_000,
    exportTimeoutMillis: 30_000,
    resendUnconfirmed: false,
    keys,
    limits: { ...DELIVERY_LIMITS, listMillis: 20, ...limits },
    counts,
    lines: log,
    ...setup,
  });
  onTestFinished(async () => {
    await spool.close();
    log.flush(); // ends its timers
  });
  return {
    spool,
    counts,
    codes: () => lines.map((line) => splitCode(line).code),
    hasLogged: (text) => lines.some((line) => line.includes(text)),
    balance(put) {
      const { claimed, stored, tracked, accepted, invalid, lost } = counts;
      const lostHits = Object.values(lost).reduce((sum, count) => sum + count, 0);
      return [put + claimed, spool.count + stored + tracked + accepted + invalid + lostHits];
    },
  };
}

/** The store in a Redis for rows that any store passes. */
export async function openRedisStore({
  place,
  limits: { deadMillis, maxBytes = 2 ** 30, maxAgeMillis = 7 * 86_400_000 } = {},
  ...setup
}: StoreSetup): Promise<Store> {
  const dead = deadMillis === undefined ? {} : { exportTimeoutMillis: 0, limits: { deadMillis } };
  const opened = await openRedisSpool({ ...setup, place, maxBytes, maxAgeMillis, ...dead });
  const { spool, counts } = opened;
  let refused = 0;
  return {
    async store(hits) {
      refused += hits.length - (await spool.store(hits.map(toHit)));
    },
    async claim(most) {
      const claim = await spool.claim(most, Number.POSITIVE_INFINITY);
      return claim && adapt(claim);
    },
    counts: () => ({
      ...{ stored: counts.stored, claimed: counts.claimed, refused },
      ...{ unconfirmed: counts.lost.unconfirmed, expired: counts.lost.expired },
      damaged: counts.lost.spool,
    }),
    abandon: () => spool.close(), // which gives nothing back
    close: () => spool.close(),
  };
}

function toHit({ visitor, startSeconds, query }: StoredHit) {
  return { visitor, startSeconds, query, site: 1, kind: 'page' as const };
}

/** Ends by itself when all hits are given back, as the sender ends it. */
function adapt(claim: RedisClaim): Claim {
  let left = claim.hits.length;
  const done = async (results: Results) => void (await claim.done(results));
  return {
    hits: claim.hits,
    failures: claim.failures,
    done: () => done({ tracked: left }),
    async giveBack(hits, failures) {
      const given = claim.hits.filter((hit) => hits.includes(hit));
      await claim.giveBack(given, failures);
      left -= given.length;
      if (left === 0) await done({});
    },
  };
}
