import { randomInt } from 'node:crypto';

/** Spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_SPANS = 100_000;
/** More than twice as many, so that a free slot is near. A power of two. */
const SLOTS = 2 ** 18;
/** So far is a slot searched, whatever digests a sender makes. If none is free there, the last one is used again. */
const MAX_STEPS = 64;
/** So that a sender cannot know which digests have the same slot. */
const SEED = randomInt(2 ** 31);

/**
 * Remembers spans that made hits, in two generations: a sender that gets no response sends an export again, and its hits must not
 * be counted twice. Only digests of 53 bits are kept, of which one in 10^10 is found by chance: to keep the IDs as texts would take a
 * twentieth of the time of a span, mostly of the garbage collector.
 */
export class RecentSpans {
  #recent = new Float64Array(SLOTS + MAX_STEPS);
  #older = new Float64Array(SLOTS + MAX_STEPS);
  #count = 0;

  /** Remembers a span of a trace. Whether it was known. */
  add(traceKey: string, spanId: string): boolean {
    const digest = digestOf(traceKey, spanId);
    if (isIn(this.#recent, digest)) return true;
    const isKnown = isIn(this.#older, digest);
    if (this.#count >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Float64Array(SLOTS + MAX_STEPS);
      this.#count = 0;
    }
    this.#recent[slotOf(this.#recent, digest)] = digest;
    this.#count += 1;
    return isKnown;
  }
}

function isIn(digests: Float64Array, digest: number): boolean {
  return digests[slotOf(digests, digest)] === digest;
}

/** The slot of a digest, or the one for it. */
function slotOf(digests: Float64Array, digest: number): number {
  let slot = digest & (SLOTS - 1);
  const last = slot + MAX_STEPS;
  while (slot < last && digests[slot] !== 0 && digests[slot] !== digest) slot += 1;
  return slot;
}

/** A positive integer: 0 marks free slots. */
function digestOf(traceKey: string, spanId: string): number {
  let low = SEED;
  let high = ~SEED;
  for (const text of [traceKey, spanId]) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, 0x5bd1e995);
      low ^= low >>> 15; // so that the seed changes which digests collide
      high = Math.imul(high ^ code, 0x01000193);
    }
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0) + 1;
}
