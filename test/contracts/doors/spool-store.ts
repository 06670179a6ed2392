import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { SharedKeys } from '../../../src/common/visitor-keys.js';
import {
  createDeliveryCounts,
  type DeliveryCounts,
  type Results,
} from '../../../src/delivery/delivery-counts.js';
import { DELIVERY_LIMITS, type DeliveryLimits } from '../../../src/delivery/delivery-limits.js';
import { spoolBackendOf } from '../../../src/delivery/spool/backends.js';
import { SpoolLog } from '../../../src/delivery/spool/spool-log.js';
import type { SpoolOptions } from '../../../src/delivery/spool/spool-options.js';
import type {
  Claim as DeliveryClaim,
  Store as DeliveryStore,
  PendingHits,
  Spool,
} from '../../../src/delivery/store.js';
import type { Claim, Store, StoredHit, StoreSetup } from './store.js';

export type { Spool };

export interface SpoolSetup {
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

/** What a spool is opened with, and what it logs. */
export function prepareSpool({ place, limits, keys, ...setup }: SpoolSetup) {
  const counts = createDeliveryCounts();
  const lines: string[] = [];
  const log = new LogLines((message) => void lines.push(message));
  const options: SpoolOptions = {
    place,
    matomoUrl: 'https://matomo.test/matomo.php',
    hasToken: true,
    maxBytes: 2 ** 30,
    maxAgeMillis: 7 * 86_400_000,
    exportTimeoutMillis: 30_000,
    resendUnconfirmed: false,
    keys,
    limits: { ...DELIVERY_LIMITS, listMillis: 10, ...limits },
    counts,
    log: new SpoolLog(spoolBackendOf(place).show(place), log),
    ...setup,
  };
  return { options, counts, lines, endLog: () => log.flush() };
}

/** A spool, as delivery uses it. */
export interface OpenedSpool {
  readonly spool: Spool;
  readonly counts: DeliveryCounts;
  /** Lines so far, and their codes. */
  readonly lines: readonly string[];
  codes(): (string | undefined)[];
  /** Whether any logged line contains a text. */
  hasLogged(text: string): boolean;
  /** Hits that went in, and hits that are accounted for. `put`: those that were given to it. */
  balance(put: number): readonly [came: number, known: number];
}

export function watchSpool(
  spool: Spool,
  { counts, lines }: Pick<ReturnType<typeof prepareSpool>, 'counts' | 'lines'>,
): OpenedSpool {
  return {
    spool,
    counts,
    lines,
    codes: () => lines.map((line) => splitCode(line).code),
    hasLogged: (text) => lines.some((line) => line.includes(text)),
    balance(put) {
      const { claimed, stored, tracked, accepted, invalid, lost } = counts;
      const lostHits = Object.values(lost).reduce((sum, count) => sum + count, 0);
      return [put + claimed, spool.count + stored + tracked + accepted + invalid + lostHits];
    },
  };
}

/** How rows that any store passes open a spool. */
export function toSpoolSetup({
  place,
  limits: { deadMillis, maxBytes = 2 ** 30, maxAgeMillis = 7 * 86_400_000 } = {},
  ...setup
}: StoreSetup): SpoolSetup {
  const dead = deadMillis === undefined ? {} : { exportTimeoutMillis: 0, limits: { deadMillis } };
  return { ...setup, place, maxBytes, maxAgeMillis, ...dead };
}

/** The store for these rows. */
export function toStore({ spool, counts }: OpenedSpool, abandon: () => Promise<void>): Store {
  let refused = 0;
  return {
    async store(hits) {
      refused += hits.length - (await spool.store(hits.map(toHit)));
    },
    claim: (most, maxFailures) => claimFrom(spool, most, maxFailures),
    counts: () => ({
      ...{ stored: counts.stored, claimed: counts.claimed, refused },
      ...{ unconfirmed: counts.lost.unconfirmed, expired: counts.lost.expired },
      damaged: counts.lost.spool,
    }),
    abandon,
    close: () => spool.close(),
  };
}

export function toHit({ visitor, startSeconds, query }: StoredHit) {
  return { visitor, startSeconds, query, site: 1, kind: 'action' as const };
}

/** A claim that ends by itself when all hits are given back, as the sender ends it. */
export async function claimFrom(
  store: DeliveryStore,
  most: number,
  maxFailures: number = Number.POSITIVE_INFINITY,
): Promise<Claim | undefined> {
  const claim: DeliveryClaim | undefined = await store.claim(most, maxFailures);
  if (!claim) return undefined;
  const back: PendingHits[] = [];
  let left = claim.hits.length;
  const done = async (results: Results) => void (await claim.done(results, back));
  return {
    hits: claim.hits,
    failures: claim.failures,
    done: () => done({ tracked: left }),
    async giveBack(hits, failures) {
      const given = claim.hits.filter((hit) => hits.includes(hit));
      back.push({ hits: given, failures });
      left -= given.length;
      if (left === 0) await done({});
    },
  };
}
