import type { Exchange } from '../../../src/delivery/http.js';
import { type Attempt, Sender } from '../../../src/delivery/sender.js';
import type { Claim } from '../../../src/delivery/store.js';
import type { Hit } from '../../../src/hit/hit-text.js';

export type { Attempt, Exchange, Hit };

interface SimulatedOptions {
  readonly tokenAuth: string | undefined;
  readonly rereadToken?: () => string | undefined;
  readonly maxExportBatchSize: number;
  readonly resendUnconfirmed: boolean;
}

export interface Simulated {
  readonly options: SimulatedOptions;
  readonly random: () => number;
  /** The monotonic and the wall clock, in milliseconds. */
  readonly now: () => number;
  readonly wallMillis: () => number;
  readonly onRejected: (hit: Hit) => void;
}

/** What decides in delivery, without I/O and clock. */
export function createSimulatedSender({ onRejected, ...parts }: Simulated) {
  const log = {
    beginOutage() {},
    endOutage() {},
    warn() {},
    rejectHit: onRejected,
  };
  const sender = new Sender({ ...parts, counts: { resent: 0 }, log });
  return {
    mayBegin: () => sender.mayBegin(false),
    waitUntilMillis: () => sender.waitUntilMillis,
    begin: (hits: readonly Hit[]) => sender.begin({ hits } as Claim),
    send: (attempt: Attempt) => sender.send(attempt),
    read: (exchange: Exchange, hits: readonly Hit[]) => sender.read(exchange, hits),
  };
}

export type SimulatedSender = ReturnType<typeof createSimulatedSender>;
