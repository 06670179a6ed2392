import { randomUUID } from 'node:crypto';
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
  /** An ID that changes with each `clear`. */
  run(): string;
  clear(): void;
}

/** Number of hits in a log. */
export const MAX_HITS = 10_000;
/** Limits the hits if they are large. */
const MAX_CHARACTERS = 32_000_000;

export function createHitLog(): HitLog {
  let held: InspectedHit[] = [];
  /** Number of dropped hits at the beginning of `held`. They are removed when there are `MAX_HITS`. */
  let gone = 0;
  let firstNumber = 0;
  let characters = 0;
  let run = randomUUID();

  function add(hits: readonly InspectedHit[]): void {
    for (const hit of hits) {
      held.push(hit);
      characters += sizeOf(hit);
      while (held.length - gone > MAX_HITS || characters > MAX_CHARACTERS) {
        characters -= sizeOf(held[gone] as InspectedHit);
        gone += 1;
      }
    }
    if (gone < MAX_HITS) return;
    held = held.slice(gone);
    firstNumber += gone;
    gone = 0;
  }

  const oldest = () => firstNumber + gone;

  return {
    add,
    all: () => held.slice(gone),
    aiRequests: () => held.slice(gone).flatMap(({ aiRequest }) => aiRequest ?? []),
    read: (from, count) => held.slice(from - firstNumber, from - firstNumber + count),
    oldest,
    next: () => firstNumber + held.length,
    run: () => run,
    clear() {
      held = [];
      gone = 0;
      firstNumber = 0;
      characters = 0;
      run = randomUUID();
    },
  };
}

function sizeOf({ params }: InspectedHit): number {
  let size = 0;
  for (const name in params) size += name.length + (params[name] as string).length;
  return size;
}
