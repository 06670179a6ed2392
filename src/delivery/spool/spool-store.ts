import type { Hit } from '../../hit/hit.js';
import type { EncodedHit } from '../batch.js';
import type { DeliveryCounters } from '../counters.js';

/** A hit as it comes out of a store. The same object goes back into `acknowledge`. */
export type StoredHit = EncodedHit;

/** Told by a store at the very moment at which `pending` changes, so that every hit is accounted for at any time. */
export interface SpoolEvents {
  /** What became of hits that were pending here. */
  count(counts: DeliveryCounters): void;
  /** These could not be stored; they are the caller's again. */
  giveBack(hits: readonly Hit[]): void;
}

/** Whether a hit is young enough to be sent. */
export type IsFresh = (hit: { readonly startSeconds: number }) => boolean;

export interface TakeOptions {
  /** In another one nothing is taken. */
  readonly term: number;
  /** Hits, at most. Fewer come only where the oldest has waited for `delayMillis`. */
  readonly max: number;
  readonly delayMillis: number;
}

/**
 * Keeps hits where they outlive the process, for all processes that share it. One of them sends for all; each stays
 * accountable for the hits that it made, and the sender for those of processes that have ended.
 */
export interface SpoolStore {
  /** Nothing is to be stored before; fulfilled soon in any case. */
  readonly ready: Promise<void>;
  /** Hits of this process, and those it has adopted, whose fate is open. */
  readonly pending: number;
  /** The part of `pending` that has been stored. */
  readonly spooled: number;
  /** Hits taken over from processes that have ended. */
  readonly adopted: number;
  /** Whether hits can be stored at present. */
  readonly isWritable: boolean;
  /** Bytes that hits may take besides those that are stored or on their way, roughly and as far as is known. */
  readonly room: number;
  /** Not 0: this process sends for all. Another number each time that it came to do so. */
  readonly term: number;
  /** To be called once, before anything else. */
  start(events: SpoolEvents): void;
  /** Takes hits, pending from now on, for `write`. */
  append(hits: readonly Hit[]): void;
  /**
   * For the end of a process, where nothing can be awaited: stores these hits and those that `write` has not begun with. Returns
   * those that it cannot store, which are the caller's again. Never throws.
   */
  storeSync(hits: readonly Hit[]): readonly Hit[];
  /** Stores what it was given, or gives it back; fulfilled when that is done for all so far. Never rejects. */
  write(): Promise<void>;
  /**
   * Whether this process may still send in this term; asked before each bulk. With 0, the term of a process that does not
   * send, it takes the lease if nobody holds it. Never rejects.
   */
  mayStillSend(term: number): Promise<boolean>;
  /** Lets go of hits that are too old, where this process sends. Never rejects. */
  expire(isFresh: IsFresh): Promise<void>;
  /** The oldest hits of all processes, each once in a term. Never rejects. */
  take(options: TakeOptions): Promise<readonly StoredHit[]>;
  /** Says what became of hits that were taken; `counts` add up to as many. */
  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void;
  /** What is stored stays and is for others to send. Never rejects. */
  close(): Promise<void>;
}
