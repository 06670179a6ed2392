const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

/**
 * Requests that were assembled in the last one or two minutes, as far as there is room. A sender that gets no response
 * sends an export again, and these requests must not be counted twice.
 */
export class RecentRequests {
  // Trace and ID of SERVER spans, in two generations.
  #recent = new Set<string>();
  #older = new Set<string>();
  #sinceMillis = 0;

  get isEmpty(): boolean {
    return this.#recent.size === 0 && this.#older.size === 0;
  }

  has(trace: string, spanId: string): boolean {
    if (this.isEmpty) return false;
    const key = spanId + trace;
    if (this.#recent.has(key)) return true;
    const isOlder = this.#older.has(key);
    if (isOlder) this.#recent.add(key);
    return isOlder;
  }

  add(trace: string, spanId: string): void {
    if (this.#recent.size >= MAX_REQUESTS / 2) this.#startGeneration();
    this.#recent.add(spanId + trace);
  }

  /** Drops old requests. Must be called at least every few seconds. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }

  #startGeneration(): void {
    this.#older = this.#recent;
    this.#recent = new Set();
  }
}
