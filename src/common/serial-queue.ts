import type { AsyncResource } from 'node:async_hooks';

/** Runs tasks one after the other, in the order in which they came, each in the scope. */
export class SerialQueue {
  readonly #scope: AsyncResource;
  readonly #onIdle: () => void;
  readonly #onError: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #open = 0;

  constructor(scope: AsyncResource, onIdle: () => void, onError: (error: unknown) => void) {
    this.#scope = scope;
    this.#onIdle = onIdle;
    this.#onError = onError;
  }

  /** Whether all have ended. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** Resolves when all that came so far have ended. Never rejects. */
  get ended(): Promise<void> {
    return this.#last;
  }

  /** Resolves when this task and all before it have ended. Never rejects. */
  run(task: () => Promise<void>): Promise<void> {
    this.#open += 1;
    this.#last = this.#last
      .then(() => this.#scope.runInAsyncScope(task))
      .catch(this.#onError)
      .then(() => {
        this.#open -= 1;
        if (this.#open === 0) this.#onIdle();
      });
    return this.#last;
  }
}
