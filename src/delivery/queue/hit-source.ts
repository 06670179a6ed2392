import type { PendingHit } from '../../hit/hit.js';
import type { TakeOptions } from '../spool/spool-store.js';
import type { EncodedHit } from './batch.js';
import type { DeliveryCounters } from './counters.js';

/** Callbacks of a source. */
export interface HitReceiver {
  /** There may be hits to send or to take back. */
  onInterval(): void;
  /** Passes on hits that could not be stored. */
  takeOver(hits: readonly EncodedHit[]): void;
}

/**
 * Contains hits until their result is known. A source hands out hits; the sender makes bulks of them. There are two ways:
 *
 *     push ──> queue in memory ──takeQueued──> sender ──acknowledgeQueued──> counted
 *                    │ ▲ takeBack, or handed out if it cannot be stored
 *                    ▼ │
 *                  spool, of all processes ──takeSpooled──> sender ──acknowledgeSpooled──> counted
 *
 * A source in memory has only the first. No method rejects.
 */
export interface HitSource {
  /** Results of hits. */
  readonly counters: DeliveryCounters;
  /** Hits without a result, including those that were handed out. */
  readonly pending: number;
  /** The part of `pending` that is in memory, and its approximate bytes. */
  readonly inMemory: number;
  readonly bytes: number;
  /** The part of `pending` that is in the spool. */
  readonly spooled: number;
  /** Hits of all processes in the spool, as far as this process knows; `undefined` without one. */
  readonly spoolHits: number | undefined;
  /** Hits of processes that have ended, which this process counts. */
  readonly takenOver: number;
  /** Whether hits survive the process, so that no transport has to be loaded for its end. */
  readonly isDurable: boolean;

  /** Calls `receiver` from now on. */
  start(receiver: HitReceiver): void;
  /** Stops calling `onInterval`. */
  stop(): void;
  /** Closes the spool. Spooled hits stay in it. */
  close(): Promise<void>;

  push(hit: PendingHit): void;
  /** Hits in the queue. */
  readonly queued: number;
  /** When the request of the oldest queued hit ended, on the monotonic clock. */
  readonly oldestMillis: number;
  /** When `count` queued hits are final, unless some are held back. */
  finalMillis(count: number): number;
  /** Whether queued hits are sent. If not, they are stored, and none can be taken. */
  readonly sendsQueued: boolean;
  /** Whether `count` final hits can be taken from the queue. */
  hasQueued(count: number, nowMillis: number): boolean;
  /** Finalizes up to `count` of the `max` oldest hits in the queue. Returns `false` if some that are final are left. */
  prepareQueued(max: number, count: number, nowMillis: number): boolean;
  /** Removes and returns the oldest hits of the queue, at most `max`: final ones, or `all`. */
  takeQueued(max: number, nowMillis: number, all: boolean): readonly EncodedHit[];
  /** Results of hits from memory; `counts` add up to the number of hits. */
  acknowledgeQueued(hits: readonly EncodedHit[], counts: DeliveryCounters): void;

  /** Stores the queue, including hits that are not final. */
  store(): Promise<void>;
  /** At the end of the process: stores the queue synchronously. Returns what cannot be stored. */
  storeSync(): readonly EncodedHit[];
  /** How many bytes of hits from memory can be taken back. */
  findRoom(): Promise<number>;
  /** Stores hits that were handed out from memory, or hands them out again. */
  takeBack(hits: readonly EncodedHit[]): Promise<void>;
  /** Counts all hits in memory as lost at shutdown. */
  drop(): void;

  /** The current term as lease holder, another number for each term; 0 if another process sends. */
  readonly term: number;
  /** Start of the oldest request in the spool whose hit was not taken, in epoch seconds; `Infinity` if none is known. */
  readonly oldestSpooledSeconds: number;
  /** The same as `term`, awaited. `isUrgent`: checks the lease first. */
  findTerm(isUrgent: boolean): Promise<number>;
  /** The oldest hits of all processes. Each is returned once per term, and once more after `fromStart`. */
  takeSpooled(options: TakeOptions): Promise<readonly EncodedHit[]>;
  /** Whether this process still holds the lease of this term. */
  mayStillSend(term: number): Promise<boolean>;
  /** Compares tokens after a bulk from the spool: whether hits were tracked with this one, or all were rejected. */
  noteToken(tokenAuth: string | undefined, isTracked: boolean): void;
  /** Results of hits from the spool; `counts` add up to the number of hits. */
  acknowledgeSpooled(hits: readonly EncodedHit[], counts: DeliveryCounters): void;
}
