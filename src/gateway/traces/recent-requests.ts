import { DigestSet } from './digest-set.js';

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
