import { clearTimeout, setTimeout } from 'node:timers';
import { type InCode, option } from '../../options/declaration.js';
import { resolveInCode } from '../../options/in-code.js';
import { integer } from '../../options/parse-values.js';
import type { Parser } from '../../options/parser.js';
import type { AiRequest, InspectedHit } from '../inspected-hit.js';

/**
 * The latest hits, numbered in order of arrival, from 0 after each `clear`. The log holds those from `oldest` to before
 * `next`.
 */
export interface HitLog {
  add(hits: readonly InspectedHit[]): void;
  /** All hits in the log. */
  all(): InspectedHit[];
  /** The rows of requests by AI chatbots among them. */
  aiRequests(): AiRequest[];
  /** Up to `count` hits, beginning with number `from`, which must be in the log. */
  read(from: number, count: number): InspectedHit[];
  oldest(): number;
  next(): number;
  /** Number of calls of `clear`. */
  run(): number;
  clear(): void;
}

/** Number of hits in a log. */
const MAX_HITS = 10_000;
/** Limits the hits if they are large. */
const MAX_CHARACTERS = 32_000_000;

export function createHitLog(): HitLog {
  let held: InspectedHit[] = [];
  /** Number of dropped hits at the beginning of `held`. They are removed when there are `MAX_HITS`. */
  let dropped = 0;
  let firstNumber = 0;
  let characters = 0;
  let run = 0;

  function add(hits: readonly InspectedHit[]): void {
    for (const hit of hits) {
      held.push(hit);
      characters += sizeOf(hit);
      while (held.length - dropped > MAX_HITS || characters > MAX_CHARACTERS) {
        characters -= sizeOf(held[dropped] as InspectedHit);
        dropped += 1;
      }
    }
    if (dropped < MAX_HITS) return;
    held = held.slice(dropped);
    firstNumber += dropped;
    dropped = 0;
  }

  const oldest = () => firstNumber + dropped;

  return {
    add,
    all: () => held.slice(dropped),
    aiRequests: () => held.slice(dropped).flatMap(({ aiRequest }) => aiRequest ?? []),
    read: (from, count) => held.slice(from - firstNumber, from - firstNumber + count),
    oldest,
    next: () => firstNumber + held.length,
    run: () => run,
    clear() {
      held = [];
      dropped = 0;
      firstNumber = 0;
      characters = 0;
      run += 1;
    },
  };
}

function sizeOf({ params }: InspectedHit): number {
  let size = 0;
  for (const name in params) size += name.length + (params[name] as string).length;
  return size;
}

/** Milliseconds that a timer can wait. */
export const waitMillis: Parser<number> = integer(0, 2_147_483_647);

const WAIT = {
  /**
   * Maximum wait in milliseconds.
   *
   * @default 5000
   */
  timeoutMillis: option(waitMillis, { default: 5_000 }),
};

/** Options of `waitForHits`. */
export interface WaitOptions extends InCode<typeof WAIT> {}

/** Waits for hits in the log. */
interface HitWaits {
  waitForHits(count: number, options?: WaitOptions): Promise<InspectedHit[]>;
  /** Counts a request to the tracker, after its hits were added to the log. */
  addRequest(isProcessed: boolean): void;
  clear(): void;
  /** Ends all waits. */
  close(): void;
}

const MAX_SHOWN = 5;
const toCount = integer(1, MAX_HITS);

export function createHitWaits(log: HitLog): HitWaits {
  const checks = new Set<() => void>();
  let isClosed = false;
  let processed = 0;
  let unprocessed = 0;

  async function waitForHits(wanted: number, options: WaitOptions = {}): Promise<InspectedHit[]> {
    const count = toCount('count of waitForHits()', wanted);
    const { timeoutMillis } = resolveInCode('waitForHits()', WAIT, options);
    const hits = await new Promise<InspectedHit[] | undefined>((resolve) => {
      const timer = setTimeout(() => end(undefined), timeoutMillis);
      function end(arrived: InspectedHit[] | undefined): void {
        clearTimeout(timer);
        checks.delete(check);
        resolve(arrived);
      }
      function check(): void {
        if (log.next() - log.oldest() >= count) end(log.all());
        else if (isClosed) end(undefined);
      }
      checks.add(check);
      check();
    });
    if (hits) return hits;
    // Thrown here, so that its stack has the line of the test.
    const until = isClosed ? 'before the inspector was closed' : `within ${timeoutMillis} ms`;
    throw new Error(`waitForHits(${count}) got ${describe()} ${until}. ${advise()}`);
  }

  /** The number of hits and what became of them. */
  function describe(): string {
    const hits = log.all();
    if (hits.length === 0) return '0 hits';
    const numbers = new Map<string, number>();
    for (const { verdict, reason } of hits) {
      const kind = reason === undefined ? verdict : `${verdict} (${reason})`;
      numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
    }
    const kinds = [...numbers].map(([kind, number]) => `${number} ${kind}`);
    const more = kinds.length > MAX_SHOWN ? ', …' : '';
    return `${hits.length} ${hits.length === 1 ? 'hit' : 'hits'}: ${kinds.slice(0, MAX_SHOWN).join(', ')}${more}`;
  }

  function advise(): string {
    if (unprocessed > 0)
      return `The hits of ${unprocessed} more requests were not processed, because play() was called.`;
    return processed > 0
      ? 'Flush before you wait, because hits are sent with a delay.'
      : 'No request arrived: check the URL, and flush before you wait, because hits are sent with a delay.';
  }

  return {
    waitForHits,
    addRequest(isProcessed) {
      if (isProcessed) processed += 1;
      else unprocessed += 1;
      for (const check of checks) check();
    },
    clear() {
      processed = 0;
      unprocessed = 0;
    },
    close() {
      isClosed = true;
      for (const check of checks) check();
    },
  };
}
