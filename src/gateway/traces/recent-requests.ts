import { GenerationCache } from '../../common/generation-cache.js';

const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

/**
 * Requests that were assembled in the last one or two minutes, as far as there is room. A sender that gets no response
 * sends an export again, and these requests must not be counted twice.
 */
export class RecentRequests {
  /** Traces by the IDs of SERVER spans. */
  readonly #traces = new GenerationCache<string, string>(MAX_REQUESTS);
  #sinceMillis = 0;

  get isEmpty(): boolean {
    return this.#traces.isEmpty;
  }

  has(trace: string, spanId: string): boolean {
    return this.#traces.get(spanId) === trace;
  }

  add(trace: string, spanId: string): void {
    this.#traces.set(spanId, trace);
  }

  /** Drops old requests. Must be called at least every few seconds. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#traces.startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#traces.clear();
  }
}
