import { randomInt } from 'node:crypto';

/** Spans in a generation: of 20,000 requests a second, those of the last five seconds at least. */
const MAX_SPANS = 100_000;
const SLOTS = 2 ** 18; // a power of two: the more slots are free, the shorter a search
/** So that nobody can choose IDs whose digests are the same. */
const SEED = randomInt(2 ** 31);

/**
 * Remembers spans that made hits, in two generations: a sender that gets no response sends an export again, and its hits must not
 * be counted twice. Keeps digests of 53 bits in place of texts, which the garbage collector would copy: a span would cost a tenth more.
 */
export class RecentSpans {
  #recent = new Float64Array(SLOTS);
  #older = new Float64Array(SLOTS);
  #count = 0;

  /** Whether a span of a trace is known. It stays known. */
  has(traceKey: string, spanId: string): boolean {
    const digest = digestOf(traceKey, spanId);
    if (this.#recent[slotOf(digest, this.#recent)] === digest) return true;
    if (this.#older[slotOf(digest, this.#older)] !== digest) return false;
    this.#put(digest);
    return true;
  }

  add(traceKey: string, spanId: string): void {
    this.#put(digestOf(traceKey, spanId));
  }

  #put(digest: number): void {
    if (this.#count >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Float64Array(SLOTS);
      this.#count = 0;
    }
    this.#recent[slotOf(digest, this.#recent)] = digest;
    this.#count += 1;
  }
}

/** The slot of a digest, or the free one for it. */
function slotOf(digest: number, slots: Float64Array): number {
  let slot = digest & (SLOTS - 1);
  while (slots[slot] !== 0 && slots[slot] !== digest) slot = (slot + 1) & (SLOTS - 1);
  return slot;
}

/** A number that is not 0, which marks free slots. */
function digestOf(traceKey: string, spanId: string): number {
  let low = SEED;
  let high = ~SEED;
  for (const text of [traceKey, spanId]) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, 0x5bd1e995);
      low ^= low >>> 15; // so that the seed changes which digests are the same
    }
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0) + 1;
}
