import { beginSlice } from '../../common/slices.js';
import type { RequestSpans } from './waiting-trace.js';

/** Requests that no longer wait for spans, oldest first. They are passed on in slices: an export can have tens of thousands. */
export class ReadyRequests {
  readonly #give: (request: RequestSpans) => void;
  #requests: RequestSpans[] = [];
  #given = 0;
  #next: NodeJS.Immediate | undefined;

  constructor(give: (request: RequestSpans) => void) {
    this.#give = give;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  push(request: RequestSpans): void {
    this.#requests.push(request);
    this.#next ??= setImmediate(() => this.giveSlice());
  }

  /** Passes on the oldest request; whether there was one. */
  giveOldest(): boolean {
    const request = this.#requests[this.#given];
    if (!request) return false;
    this.#given += 1;
    if (this.#given === this.#requests.length) this.#clear();
    this.#give(request);
    return true;
  }

  /** Passes on as many requests as a slice has time for, and the others in the next turns of the event loop. */
  giveSlice(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    const isOver = beginSlice();
    while (this.giveOldest() && !isOver());
    if (!this.isEmpty) this.#next ??= setImmediate(() => this.giveSlice());
  }

  #clear(): void {
    this.#requests = [];
    this.#given = 0;
    clearImmediate(this.#next);
    this.#next = undefined;
  }
}
