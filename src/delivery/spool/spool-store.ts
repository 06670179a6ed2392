import type { Hit } from '../../hit/hit.js';
import type { DeliveryCounters } from '../queue/counters.js';
import type { EncodedHit } from '../queue/encode-hits.js';

/** A hit from a store. Pass the same object to `acknowledge`. */
export interface StoredHit extends EncodedHit {
  /** Fingerprint of the privacy options with which the hit was made. Missing for hits of this process that were not read again. */
  readonly privacy?: string | undefined;
}

/** Called by a store at the moment `pending` changes, so that every hit is accounted for at any time. */
export interface SpoolEvents {
  /** Results of hits that were pending in this store. */
  count(counts: DeliveryCounters): void;
  /** Hits that could not be stored. The caller has to send them. */
  giveBack(hits: readonly Hit[]): void;
}

/** Whether a hit is young enough to be sent. */
export type IsFresh = (hit: { readonly startSeconds: number }) => boolean;

export interface TakeOptions {
  /** If this is no longer `SpoolStore.lease`, nothing is returned. */
  readonly lease: number;
  /** Maximum number of hits. Fewer are returned only if the oldest has waited for `delayMillis`. */
  readonly max: number;
  readonly delayMillis: number;
  /** Starts again with the oldest hit without a result. No hit may be in flight. */
  readonly fromStart?: boolean;
}

/**
 * Stores hits that survive the process. All processes that share the store have one lease holder, which sends for all. Each process
 * counts the results of the hits that it made; the lease holder counts those of processes that have ended.
 */
export interface SpoolStore {
  /** Nothing may be stored before. Resolves soon in any case. */
  readonly ready: Promise<void>;
  /** Hits without a result that this process made or took over. */
  readonly pending: number;
  /** The part of `pending` that is stored. */
  readonly spooled: number;
  /** Stored hits of all processes, as far as this one knows: at least `spooled`, and all if it sends. Up to a second old. */
  readonly hits: number;
  /** Hits taken over from processes that have ended. */
  readonly takenOver: number;
  /** Whether hits can be stored now. */
  readonly isWritable: boolean;
  /** Approximate number of bytes that more hits may take. */
  readonly room: number;
  /** A number while this process holds the lease, another one each time it acquires the lease; 0 if another process sends. */
  readonly lease: number;
  /**
   * Start of the oldest request whose hit was read and not taken, in epoch seconds; `Infinity` if there is none, or another process
   * sends.
   */
  readonly oldestSeconds: number;
  /** Call this once, before anything else. */
  start(events: SpoolEvents): void;
  /** Accepts hits for the next `write`. The hits are pending from now on. */
  append(hits: readonly Hit[]): void;
  /**
   * For the end of a process, when nothing can be awaited: stores these hits and those for which `write` has not started. Returns
   * those that cannot be stored. Never throws.
   */
  storeSync(hits: readonly Hit[]): readonly Hit[];
  /** Stores the accepted hits or gives them back. Resolves when that is done for all so far. Never rejects. */
  write(): Promise<void>;
  /**
   * Whether this process may still send with this lease; asked before each bulk. With 0, the lease of a process that does not
   * send, it takes the lease if nobody holds it. Never rejects.
   */
  mayStillSend(lease: number): Promise<boolean>;
  /** If this process holds the lease, drops hits that are too old. Never rejects. */
  expire(isFresh: IsFresh): Promise<void>;
  /** The oldest hits of all processes. Each is returned once per lease, and once more after `fromStart`. Never rejects. */
  take(options: TakeOptions): Promise<readonly StoredHit[]>;
  /** Stores the results of hits from `take`; `counts` add up to the number of hits. */
  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void;
  /** Compares tokens after a bulk: whether hits were tracked with this one, or all were rejected. */
  recordToken(fingerprint: string, isTracked: boolean): void;
  /** Closes the store. Stored hits stay for other processes. Never rejects. */
  close(): Promise<void>;
}

/** The current contents of a spool. */
export interface SpoolStatus {
  /** The Matomo whose hits the spool has; `undefined` if no process has opened the spool yet. */
  readonly matomo: string | undefined;
  /** Hits without a result. */
  readonly pending: number;
  /** Bytes of pending hits, and in a folder also those of hits that were sent but whose segment still exists. */
  readonly bytes: number;
  /** Start of the oldest request, in epoch seconds. */
  readonly oldestSeconds: number | undefined;
  /** The lease holder of each shard; `undefined` if there is none. A folder is one shard. */
  readonly senders: readonly (string | undefined)[];
  /** The processes that made the hits, and others that share the spool. */
  readonly processes: readonly SpoolProcess[];
}

export interface SpoolProcess {
  readonly instance: string;
  /** Name of the machine, if known. */
  readonly host: string | undefined;
  readonly isAlive: boolean;
  readonly pending: number;
}
