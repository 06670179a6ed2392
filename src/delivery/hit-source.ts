import type { PendingHit } from '../hit/hit.js';
import type { EncodedHit } from './batch.js';
import type { DeliveryCounters } from './counters.js';
import type { TakeOptions } from './spool/spool-store.js';

/** What a source calls. */
export interface HitReceiver {
  /** There may be something to send, or to be given back. */
  onInterval(): void;
  /** Hands out hits that could not be stored. */
  takeOver(hits: readonly EncodedHit[]): void;
}

/**
 * Where hits are until something is decided about them. A source hands out whole hits and takes them back; how bulks are made of
 * them, and made smaller, is the sender's. There are two ways out:
 *
 *     push ──> queue in memory ──takeQueued──> sender ──acknowledgeQueued──> counted
 *                    │ ▲ takeBack, or handed out if it cannot be stored
 *                    ▼ │
 *                  spool, of all processes ──takeSpooled──> sender ──acknowledgeSpooled──> counted
 *
 * A source in memory has no second one. Nothing here rejects.
 */
export interface HitSource {
  /** What became of hits. */
  readonly counters: DeliveryCounters;
  /** Hits whose fate is open, also those that are handed out. */
  readonly pending: number;
  /** The part of `pending` that is in memory, and roughly its bytes. */
  readonly inMemory: number;
  readonly bytes: number;
  /** The part of `pending` that is in the spool. */
  readonly spooled: number;
  /** Hits of processes that have ended, which this one answers for. */
  readonly adopted: number;
  /** Whether hits survive the process, so that nothing has to be prepared to send them at its end. */
  readonly isDurable: boolean;

  /** `receiver` is called from now on. */
  start(receiver: HitReceiver): void;
  /** No more calls of `onInterval`. */
  stop(): void;
  /** What is stored stays. */
  close(): Promise<void>;

  push(hit: PendingHit): void;
  /** Hits in the queue. */
  readonly queued: number;
  /** End of the request that has waited longest in the queue, on the monotonic clock. */
  readonly oldestMillis: number;
  /** When so many hits of the queue are final, of which none is held back. */
  finalMillis(count: number): number;
  /** Whether the queue is sent; else it is stored, and nothing can be taken out of it. */
  readonly sendsQueued: boolean;
  /** Whether so many final hits can be taken out of the queue. */
  hasQueued(count: number, nowMillis: number): boolean;
  /** The oldest hits of the queue, `max` at most: final ones, or `all`. */
  takeQueued(max: number, nowMillis: number, all: boolean): readonly EncodedHit[];
  /** What became of hits from memory; `counts` add up to as many. */
  acknowledgeQueued(hits: readonly EncodedHit[], counts: DeliveryCounters): void;

  /** Stores the queue, also hits that are not final. */
  store(): Promise<void>;
  /** For the end of a process: stores the queue while all waits. Hands out what cannot be stored. */
  storeSync(): readonly EncodedHit[];
  /** Bytes of hits from memory that can be taken back. */
  findRoom(): Promise<number>;
  /** Stores hits that were handed out from memory, or hands them out again. */
  takeBack(hits: readonly EncodedHit[]): Promise<void>;
  /** Counts all hits in memory as lost at shutdown. */
  drop(): void;

  /** Not 0: this process sends the spool for all. Another number for each time that it came to do so. `isUrgent`: finds out first. */
  findTerm(isUrgent: boolean): Promise<number>;
  /** The oldest hits of all processes, each once in a term. */
  takeSpooled(options: TakeOptions): Promise<readonly EncodedHit[]>;
  /** Whether this process may still send in this term. */
  mayStillSend(term: number): Promise<boolean>;
  /** What became of hits from the spool; `counts` add up to as many. */
  acknowledgeSpooled(hits: readonly EncodedHit[], counts: DeliveryCounters): void;
}
