const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

/**
 * Requests that were assembled in the last one or two minutes, as far as there is room. A sender that gets no response
 * sends an export again, and these requests must not be counted twice.
 *
 * Two generations as in `GenerationCache`, which would copy each ID: these are never parts of long texts.
 */
export class RecentRequests {
  /** Traces by the IDs of SERVER spans. */
  #recent = new Map<string, string>();
  #older = new Map<string, string>();
  #sinceMillis = 0;

  get isEmpty(): boolean {
    return this.#recent.size === 0 && this.#older.size === 0;
  }

  has(trace: string, spanId: string): boolean {
    const recent = this.#recent.get(spanId);
    if (recent !== undefined) return recent === trace;
    const older = this.#older.get(spanId);
    if (older !== undefined) this.add(older, spanId);
    return older === trace;
  }

  add(trace: string, spanId: string): void {
    if (this.#recent.size >= MAX_REQUESTS / 2) this.#startGeneration();
    this.#recent.set(spanId, trace);
  }

  /** Drops old requests. Must be called at least every few seconds. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#recent = new Map();
    this.#older = new Map();
  }

  #startGeneration(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}
