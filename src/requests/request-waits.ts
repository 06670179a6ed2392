import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';

/** How long work of a request may hold its hits back if they are to be in a spool within half a second. */
const SPOOL_HOLD_MILLIS = 200;

export interface HoldOptions {
  readonly scheduledDelayMillis: number;
  readonly spool?: unknown;
  readonly dryRun: boolean;
}

/** How long a hit waits for work of its request that has not ended. */
export function longestHold({ scheduledDelayMillis, spool, dryRun }: HoldOptions): number {
  const hasSpool = spool !== undefined && !dryRun;
  return hasSpool ? Math.min(scheduledDelayMillis, SPOOL_HOLD_MILLIS) : scheduledDelayMillis;
}

/** Whether the page view of an ended request can be sent. */
export function isPageFinal(
  { running }: { readonly running: boolean },
  waitedMillis: number,
  longestHoldMillis: number,
): boolean {
  return waitedMillis >= (running ? longestHoldMillis : CHILD_SPAN_WAIT_MILLIS);
}

/** A request may have so many further hits: a loop that calls `trackEvent` must not flood Matomo. */
export const MAX_FURTHER_HITS = 100;
/** Logged if a request has more. */
export const TOO_MANY_HITS: string = `A request has more than ${MAX_FURTHER_HITS} further hits. The others were dropped. Track one hit with the total instead.`;

/** What is stored for requests with further hits. */
export class HitsOfRequests<Stored> {
  readonly #ofRequests = new WeakMap<object, { count: number; readonly stored: Stored }>();
  readonly #create: () => Stored;

  constructor(create: () => Stored) {
    this.#create = create;
  }

  /** `undefined` if nothing is stored for a request. */
  get(record: object): Stored | undefined {
    return this.#ofRequests.get(record)?.stored;
  }

  of(record: object): Stored {
    return this.#entryOf(record).stored;
  }

  /** The same for one more hit; `undefined` if the request has as many as it may. */
  admit(record: object): Stored | undefined {
    const entry = this.#entryOf(record);
    if (entry.count >= MAX_FURTHER_HITS) return undefined;
    entry.count += 1;
    return entry.stored;
  }

  #entryOf(record: object): { count: number; readonly stored: Stored } {
    let entry = this.#ofRequests.get(record);
    if (!entry) {
      entry = { count: 0, stored: this.#create() };
      this.#ofRequests.set(record, entry);
    }
    return entry;
  }
}
