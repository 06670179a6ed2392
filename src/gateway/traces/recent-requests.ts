const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

type IdsByTrace = Map<string, string | Set<string>>;

/**
 * Requests that were assembled in the last one or two minutes, as far as there is room. A sender that gets no response
 * sends an export again, and these requests must not be counted twice.
 */
export class RecentRequests {
  // IDs of SERVER spans by trace, in two generations. Most traces have one: a set for each would take more memory.
  #recent: IdsByTrace = new Map();
  #older: IdsByTrace = new Map();
  #size = 0;
  #sinceMillis = 0;

  get isEmpty(): boolean {
    return this.#recent.size === 0 && this.#older.size === 0;
  }

  has(trace: string, spanId: string): boolean {
    if (includes(this.#recent.get(trace), spanId)) return true;
    const isOlder = includes(this.#older.get(trace), spanId);
    if (isOlder) this.add(trace, spanId);
    return isOlder;
  }

  add(trace: string, spanId: string): void {
    if (this.#size >= MAX_REQUESTS / 2) this.#startGeneration();
    this.#size += 1;
    const ids = this.#recent.get(trace);
    if (ids === undefined) this.#recent.set(trace, spanId);
    else if (typeof ids === 'string') this.#recent.set(trace, new Set([ids, spanId]));
    else ids.add(spanId);
  }

  /** Drops old requests. Must be called at least every few seconds. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#startGeneration();
    this.#startGeneration();
  }

  #startGeneration(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#size = 0;
  }
}

function includes(ids: string | Set<string> | undefined, spanId: string): boolean {
  return typeof ids === 'string' ? ids === spanId : ids?.has(spanId) === true;
}
