import { beginSlice } from '../../common/slices.js';
import type { RequestSpans } from './waiting-trace.js';

/** Requests that wait no more, oldest first. They are given away in slices: an export can have tens of thousands. */
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

  /** Gives the oldest away at once; whether there was one. */
  giveOldest(): boolean {
    const request = this.#requests[this.#given];
    if (!request) return false;
    this.#given += 1;
    if (this.#given === this.#requests.length) this.#clear();
    this.#give(request);
    return true;
  }

  /** Gives as many away as a slice has time for, the others in the turns of the event loop that follow. */
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
