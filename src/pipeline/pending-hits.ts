import { performance } from 'node:perf_hooks';
import { AsyncScope } from '../common/timers.js';

/** How long a request waits for spans after its SERVER span: Express ends the span of its handler after that one. */
export const CHILD_SPAN_WAIT_MILLIS = 20;

/** Requests of a busy server end in groups: one timer for each would cost more than their wait. */
const SHORTEST_MILLIS = 5;

/** Requests whose hits wait for the same time, in the order in which they began to. Their timer does not keep the process alive. */
export class PendingHits<Item extends object> {
  readonly #waitMillis: number;
  /** Makes hits, or adds the item again unless it `isLast`. Must not throw. */
  readonly #end: (item: Item, isLast: boolean) => void;
  /** Whether a wait may end by itself now. */
  readonly #mayEnd: () => boolean;
  /** When they are due, on the monotonic clock. */
  #dueMillis = new Map<Item, number>();
  readonly #scope = new AsyncScope('MatomoPendingHits');
  #timer: NodeJS.Timeout | undefined;

  constructor(
    waitMillis: number,
    end: (item: Item, isLast: boolean) => void,
    mayEnd: () => boolean = () => true,
  ) {
    this.#waitMillis = waitMillis;
    this.#end = end;
    this.#mayEnd = mayEnd;
  }

  /** Does nothing if it waits already. */
  add(item: Item): void {
    if (this.#dueMillis.has(item)) return;
    this.#dueMillis.set(item, performance.now() + this.#waitMillis);
    if (this.#timer === undefined) this.#setTimer(this.#waitMillis);
  }

  delete(item: Item): void {
    this.#dueMillis.delete(item);
  }

  /** Ends all waits now. What the application does meanwhile is in no request. */
  endAll(): void {
    if (this.#dueMillis.size === 0) return;
    this.#scope.runInAsyncScope(() => this.#endUntil(Number.POSITIVE_INFINITY));
  }

  #endUntil(millis: number): void {
    const all = [...this.#dueMillis];
    const left = all.findIndex(([, dueMillis]) => dueMillis > millis);
    const due = left === -1 ? all : all.slice(0, left);
    // A new map: tables that one has outgrown would keep removed items alive until V8 collects all garbage.
    this.#dueMillis = new Map(all.slice(due.length));
    for (const [item] of due) this.#end(item, millis === Number.POSITIVE_INFINITY);
  }

  #setTimer(millis: number): void {
    this.#timer = this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#look(), Math.max(SHORTEST_MILLIS, Math.ceil(millis))).unref(),
    );
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#mayEnd()) this.#endUntil(performance.now());
    const [dueMillis] = this.#dueMillis.values();
    if (dueMillis !== undefined && this.#timer === undefined)
      this.#setTimer(dueMillis - performance.now());
  }
}
