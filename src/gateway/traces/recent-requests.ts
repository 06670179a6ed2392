const REMEMBER_MILLIS = 60_000;
const MAX_REMEMBERED = 100_000;

/**
 * Requests that have gone on, for a minute at least or as long as there is room: one may come again, because the answer to its
 * export was lost.
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
    return this.#recent.get(spanId) === trace || this.#older.get(spanId) === trace;
  }

  add(trace: string, spanId: string, nowMillis: number): void {
    if (this.#recent.size >= MAX_REMEMBERED) this.#forgetOlder(nowMillis);
    this.#recent.set(spanId, trace);
  }

  /** To be called now and then. */
  forget(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis >= REMEMBER_MILLIS) this.#forgetOlder(nowMillis);
  }

  clear(): void {
    this.#recent = new Map();
    this.#older = new Map();
  }

  #forgetOlder(nowMillis: number): void {
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#sinceMillis = nowMillis;
  }
}
