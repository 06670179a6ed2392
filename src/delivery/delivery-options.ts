import type { AsyncResource } from 'node:async_hooks';
import type { Diagnostics } from '../common/diagnostics.js';
import type { Outage } from './answer/outage.js';
import type { ProcessHold } from './exit/process-hold.js';
import type { Transport } from './http/transport.js';
import type { LossLog } from './loss-log.js';
import type { MemoryQueue } from './queue/memory-queue.js';
import type { IsFresh } from './spool/journal.js';
import type { Spool } from './spool/spool.js';

/** The options that delivery needs. */
export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  /** Returns the token as its file has it now, if it came from one; `undefined` if the file is missing or empty. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxQueueSize: number;
  readonly resendUnconfirmed: boolean;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly shutdownTimeoutMillis: number;
  /** Counts only if there is a spool. */
  readonly maxSpoolAgeMillis?: number;
  /** Called after each bulk of which Matomo tracked hits. */
  readonly onTracked?: () => void;
}

/** What the parts of delivery share. */
export interface DeliveryParts {
  readonly options: DeliveryOptions;
  readonly transport: Transport;
  readonly diagnostics: Diagnostics;
  readonly losses: LossLog;
  readonly outage: Outage;
  readonly memory: MemoryQueue;
  readonly spool: Spool | undefined;
  readonly isFresh: IsFresh;
  readonly hold: ProcessHold;
  /** Its async context is that of timers and requests, which must not inherit that of the request that happened to create them. */
  readonly scope: AsyncResource;
  readonly random: () => number;
}

/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;

/** Whether a hit is young enough: for Matomo, and for `maxSpoolAgeMillis` if there is a spool. */
export function createIsFresh(options: DeliveryOptions, hasSpool: boolean): IsFresh {
  const { tokenAuth, maxSpoolAgeMillis = Number.POSITIVE_INFINITY } = options;
  let oldestMillis = hasSpool ? maxSpoolAgeMillis : Number.POSITIVE_INFINITY;
  if (tokenAuth === undefined) oldestMillis = Math.min(oldestMillis, OLDEST_WITHOUT_TOKEN_MILLIS);
  if (oldestMillis === Number.POSITIVE_INFINITY) return () => true;
  // Read the clock for each hit: a disk may hang in between, and the wall clock may be set back.
  return ({ startSeconds }) => startSeconds * 1000 > Date.now() - oldestMillis;
}
