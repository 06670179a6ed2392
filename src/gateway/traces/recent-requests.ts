import { GenerationCache } from '../../common/generation-cache.js';

const GENERATION_MILLIS = 60_000;
const MAX_REQUESTS = 200_000;

/**
 * Requests that were assembled in the last minute or two, if there is room. A sender whose response was lost sends the
 * export again; these requests are not counted twice.
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

  /** Forgets requests that are old enough. To be called every few seconds at least. */
  expire(nowMillis: number): void {
    if (nowMillis - this.#sinceMillis < GENERATION_MILLIS) return;
    this.#traces.startGeneration();
    this.#sinceMillis = nowMillis;
  }

  clear(): void {
    this.#traces.clear();
  }
}
