import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { SharedKeys } from '../../../src/common/visitor-keys.js';
import {
  createDeliveryCounts,
  type DeliveryCounts,
} from '../../../src/delivery/delivery-counts.js';
import { DELIVERY_LIMITS, type DeliveryLimits } from '../../../src/delivery/delivery-limits.js';
import { spoolBackendOf } from '../../../src/delivery/spool/backends.js';
import { SpoolLog } from '../../../src/delivery/spool/spool-log.js';
import type { SpoolOptions } from '../../../src/delivery/spool/spool-options.js';
import type { Spool } from '../../../src/delivery/store.js';

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

/** A store, as delivery uses it. */
export interface Opened<Of = Pick<Spool, 'store' | 'claim' | 'close' | 'count'>> {
  readonly spool: Of;
  readonly counts: DeliveryCounts;
  /** Lines so far, and their codes. */
  readonly lines: readonly string[];
  codes(): (string | undefined)[];
  /** Whether any logged line contains a text. */
  hasLogged(text: string): boolean;
  /** Hits that went in, and hits that are accounted for. `put`: those that were given to it. */
  balance(put: number): readonly [came: number, known: number];
}

export type OpenedSpool = Opened<Spool>;

export function watchSpool<Of extends Pick<Spool, 'count'>>(
  spool: Of,
  { counts, lines }: Pick<ReturnType<typeof prepareSpool>, 'counts' | 'lines'>,
): Opened<Of> {
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
