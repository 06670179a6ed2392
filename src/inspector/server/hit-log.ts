import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { resolveInCode } from '../../options/resolve-options.js';
import { integer } from '../../options/values.js';
import type { InspectedHit } from '../inspected-hit.js';
import { WAIT, type WaitOptions } from '../inspector-options.js';

/** Maximum number of hits in a log. */
const MAX_HITS = 10_000;
/** Maximum number of characters in a log. */
const MAX_CHARACTERS = 32_000_000;

export interface HitLog extends ReturnType<typeof createHitLog> {}

/** Maximum number of hits in one answer to the page. */
const MAX_READ = 500;
const toCount = integer(1, MAX_HITS);

/** Creates a log of the latest hits. They are numbered in order of arrival, from 0 after each `clear`. */
export function createHitLog() {
  let held: InspectedHit[] = [];
  let oldest = 0;
  let characters = 0;
  /** A number that changes with each `clear`, and differs between inspectors. */
  let run = randomInt(2 ** 47);
  const changes = new EventEmitter().setMaxListeners(0);
  let isClosed = false;

  async function waitForHits(wanted: number, options: WaitOptions = {}): Promise<InspectedHit[]> {
    const count = toCount('count of waitForHits()', wanted);
    const { timeoutMillis } = resolveInCode('waitForHits()', WAIT, options);
    const signal = AbortSignal.timeout(timeoutMillis);
    while (held.length < count && !isClosed && !signal.aborted) {
      await once(changes, 'change', { signal }).catch(() => undefined);
    }
    if (held.length >= count) return held.slice();
    // The error is created here, so that its stack contains the line of the test.
    const until = isClosed ? 'before the inspector was closed' : `within ${timeoutMillis} ms`;
    const advice = 'Check the URL, and flush before you wait, because hits are sent with a delay.';
    throw new Error(`waitForHits(${count}) got ${describe(held)} ${until}. ${advice}`);
  }

  return {
    waitForHits,
    add(hits: readonly InspectedHit[]): void {
      for (const hit of hits) {
        held.push(hit);
        characters += sizeOf(hit);
        while (held.length > MAX_HITS || characters > MAX_CHARACTERS) {
          characters -= sizeOf(held.shift() as InspectedHit);
          oldest += 1;
        }
      }
      changes.emit('change');
    },
    /** All hits in the log. */
    all: () => held.slice(),
    /** Hits of a run from the number `from` on that are still in the log. If that run has ended, all hits. */
    read(ofRun: number, from: number) {
      const first = ofRun === run && from > oldest ? from : oldest;
      const end = first - oldest + MAX_READ;
      const hits = held.slice(first - oldest, end);
      return { run, first, oldest, hits, hasMore: end < held.length };
    },
    clear(): void {
      held = [];
      oldest = 0;
      characters = 0;
      run += 1;
    },
    /** Ends all waits. */
    close(): void {
      isClosed = true;
      changes.emit('change');
    },
  };
}

function sizeOf({ params }: InspectedHit): number {
  let size = 0;
  for (const name in params) size += name.length + (params[name] as string).length;
  return size;
}

/** Describes the number and the verdicts of hits. */
function describe(hits: readonly InspectedHit[]): string {
  if (hits.length === 0) return '0 hits';
  const numbers = new Map<string, number>();
  for (const { verdict, reason } of hits) {
    const kind = reason === undefined ? verdict : `${verdict} (${reason})`;
    numbers.set(kind, (numbers.get(kind) ?? 0) + 1);
  }
  const kinds = [...numbers].map(([kind, number]) => `${number} ${kind}`);
  return `${hits.length} ${hits.length === 1 ? 'hit' : 'hits'}: ${kinds.join(', ')}`;
}
