import { LogLines } from '../../../src/common/log-lines.js';
import { splitCode } from '../../../src/common/messages.js';
import type { SharedKeys } from '../../../src/common/visitor-keys.js';
import { createDeliveryCounts } from '../../../src/delivery/counts.js';
import { SpoolLog } from '../../../src/delivery/delivery-log.js';
import { showPlace } from '../../../src/delivery/spool.js';
import type { Spool, SpoolOptions } from '../../../src/delivery/store.js';
import type { Hit } from '../../../src/hit/hit-text.js';

export interface SpoolSetup {
  readonly place: string;
  readonly matomoUrl?: string;
  readonly hasToken?: boolean;
  readonly maxBytes?: number;
  readonly maxExportBatchSize?: number;
  readonly deadMillis?: number;
  readonly resendUnconfirmed?: boolean;
  readonly keys?: SharedKeys;
}

/** What a spool is opened with, what it logs, and the hits that it gave back. */
export function prepareSpool({ place, keys, ...setup }: SpoolSetup) {
  const counts = createDeliveryCounts();
  const lines: string[] = [];
  const kept: Hit[] = [];
  const log = new LogLines((message) => void lines.push(message));
  const options: SpoolOptions = {
    place,
    matomoUrl: 'https://matomo.test/matomo.php',
    hasToken: true,
    maxBytes: 2 ** 30,
    maxExportBatchSize: 100,
    deadMillis: 90_000,
    resendUnconfirmed: false,
    keys,
    counts,
    keep: (hits) => void kept.push(...hits),
    log: new SpoolLog(showPlace(place), log),
    ...setup,
  };
  return { options, counts, lines, kept, endLog: () => log.flush() };
}

/** A store, as delivery uses it. */
export type Opened = ReturnType<
  typeof watchSpool<Pick<Spool, 'put' | 'claim' | 'close' | 'count'>>
>;
export type OpenedSpool = ReturnType<typeof watchSpool<Spool>>;

export function watchSpool<Of extends Pick<Spool, 'count'>>(
  spool: Of,
  { counts, lines, kept }: Omit<ReturnType<typeof prepareSpool>, 'options' | 'endLog'>,
) {
  return {
    ...{ spool, counts, kept, lines },
    codes: () => lines.map((line) => splitCode(line).code),
    hasLogged: (text: string) => lines.some((line) => line.includes(text)),
    /** Hits that went in, and hits that are accounted for. `put`: those that were given to it. */
    balance(put: number): readonly [came: number, known: number] {
      const { claimed, stored, tracked, accepted, invalid, lost } = counts;
      const lostHits = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const pending = spool.count + kept.length;
      return [put + claimed, pending + stored + tracked + accepted + invalid + lostHits];
    },
  };
}
