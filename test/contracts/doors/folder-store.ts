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
import { openFolder } from '../../../src/delivery/spool/folder-spool.js';
import { inspectFolder } from '../../../src/delivery/spool/inspect-folder.js';
import type { Claim as FolderClaim, Spool } from '../../../src/delivery/store.js';
import type { Claim, Store, StoredHit, StoreSetup } from './store.js';

export { DailyKeys } from '../../../src/common/visitor-keys.js';
export { inspectFolder };

export interface FolderSetup {
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

/** A spool in a folder, as delivery uses it. */
export interface Folder {
  readonly spool: Spool;
  readonly counts: DeliveryCounts;
  /** Lines so far, and their codes. */
  readonly lines: readonly string[];
  codes(): (string | undefined)[];
  /** Hits that went in, and hits that are accounted for. `put`: those that were given to it. */
  balance(put: number): readonly [came: number, known: number];
}

export function openFolderSpool({ place, limits, keys, ...setup }: FolderSetup): Folder {
  const counts = createDeliveryCounts();
  const lines: string[] = [];
  const log = new LogLines((message) => void lines.push(message));
  onTestFinished(() => log.flush()); // ends its timers
  const spool = openFolder({
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
    lines: log,
    ...setup,
  });
  return {
    spool,
    counts,
    lines,
    codes: () => lines.map((line) => splitCode(line).code),
    balance(put) {
      const { claimed, stored, tracked, accepted, invalid, lost } = counts;
      const lostHits = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const known = spool.count + stored + tracked + accepted + invalid + lostHits;
      return [put + claimed, known];
    },
  };
}

/** The store of a folder for rows that any store passes. */
export function openFolderStore({
  place,
  limits: { deadMillis, maxBytes = 2 ** 30, maxAgeMillis = 7 * 86_400_000 } = {},
  ...setup
}: StoreSetup): Store {
  const dead = deadMillis === undefined ? {} : { exportTimeoutMillis: 0, limits: { deadMillis } };
  const { spool, counts } = openFolderSpool({ ...setup, place, maxBytes, maxAgeMillis, ...dead });
  let refused = 0;
  return {
    async store(hits) {
      refused += hits.length - (await spool.store(hits.map(toHit)));
    },
    async claim(most) {
      const claim = await spool.claim(most, Number.POSITIVE_INFINITY);
      return claim && adaptClaim(claim);
    },
    counts: () => ({
      ...{ stored: counts.stored, claimed: counts.claimed, refused },
      ...{ unconfirmed: counts.lost.unconfirmed, expired: counts.lost.expired },
      damaged: counts.lost.spool,
    }),
    abandon: async () => undefined,
    close: () => spool.close(),
  };
}

export function toHit({ visitor, startSeconds, query }: StoredHit) {
  return { visitor, startSeconds, query, site: 1, kind: 'page' as const };
}

/** Ends by itself when all hits are given back, as the sender ends it. */
export function adaptClaim(claim: FolderClaim): Claim {
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
