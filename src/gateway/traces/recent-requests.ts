import { randomInt } from 'node:crypto';

const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

/**
 * Requests that were assembled in the last one or two minutes, as far as there is room. A sender that gets no response
 * sends an export again, and these requests must not be counted twice.
 */
export class RecentRequests {
  // Traces and IDs of SERVER spans, in two generations.
  #recent = new DigestSet();
  #older = new DigestSet();
  #sinceMillis = 0;

  get isEmpty(): boolean {
    return this.#recent.size === 0 && this.#older.size === 0;
  }

  has(trace: string, spanId: string): boolean {
    if (this.#recent.has(trace, spanId)) return true;
    const isOlder = this.#older.size > 0 && this.#older.has(trace, spanId);
    if (isOlder) this.add(trace, spanId);
    return isOlder;
  }

  add(trace: string, spanId: string): void {
    if (this.#recent.size >= MAX_REQUESTS / 2) this.#startGeneration();
    this.#recent.add(trace, spanId);
  }

  /** Drops old requests. Must be called at least every few seconds. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#recent = new DigestSet();
    this.#older = new DigestSet();
  }

  #startGeneration(): void {
    this.#older = this.#recent;
    this.#recent = new DigestSet();
  }
}

const FIRST_SLOTS = 1024; // a power of two
/** Random digests practically never need more. A pair that finds no slot is not stored, so that digests made to collide slow nobody down. */
const MAX_STEPS = 64;
const SEED = randomInt(2 ** 31);

/**
 * A set of pairs of texts that keeps only digests of 63 bits, as numbers: with hundreds of thousands of texts in a `Map`, a span
 * costs a tenth more, because the garbage collector copies each. One pair in 10^13 is found by chance.
 */
export class DigestSet {
  /** Two numbers of each slot; 0 and 0 if it is free. */
  #slots = new Int32Array(2 * FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(first: string, second: string): boolean {
    digest(first, second);
    const slot = this.#find(low, high);
    return slot >= 0 && this.#slots[slot] !== 0;
  }

  add(first: string, second: string): void {
    if (4 * this.#size >= this.#slots.length) this.#grow();
    digest(first, second);
    this.#put(low, high);
  }

  #put(low: number, high: number): void {
    const slot = this.#find(low, high);
    if (slot < 0 || this.#slots[slot] !== 0) return;
    this.#slots[slot] = low;
    this.#slots[slot + 1] = high;
    this.#size += 1;
  }

  /** The slot of a digest, or the free one for it; -1 if there is none. */
  #find(low: number, high: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (high << 1) & mask;
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const found = slots[slot];
      if (found === 0 || (found === low && slots[slot + 1] === high)) return slot;
      slot = (slot + 2) & mask;
    }
    return -1;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    this.#size = 0;
    for (let slot = 0; slot < old.length; slot += 2) {
      const low = old[slot] as number;
      if (low !== 0) this.#put(low, old[slot + 1] as number);
    }
  }
}

let low = 0;
let high = 0;

/** Sets both halves of the digest. The lower one is never 0, which marks free slots. */
function digest(first: string, second: string): void {
  low = SEED;
  high = ~SEED;
  mix(first);
  mix(second);
  low |= 1;
}

function mix(text: string): void {
  let a = low;
  let b = high;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15; // so that the seed changes which digests collide
  }
  low = a;
  high = b;
}
