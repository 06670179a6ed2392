import { AsyncResource } from 'node:async_hooks';

/**
 * An async context of our own for timers and sockets: they must not inherit that of the request that happened to
 * create them. It has `hasRef`, which returns false, because Jest reports async resources without it as open handles.
 */
export class AsyncScope extends AsyncResource {
  hasRef(): boolean {
    return false;
  }
}

/** Runs tasks one after the other, in the order of the calls. A task that fails does not stop the others. */
export class SerialQueue {
  readonly #onIdle: () => void;
  readonly #onError: (error: unknown) => void;
  readonly #scope: AsyncScope;
  #last: Promise<void> = Promise.resolve();
  #open = 0;

  constructor(scope: AsyncScope, onIdle: () => void, onError: (error: unknown) => void) {
    this.#scope = scope;
    this.#onIdle = onIdle;
    this.#onError = onError;
  }

  /** Whether all tasks have ended. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** Resolves when the task has ended. Never rejects. */
  run(task: () => Promise<void>): Promise<void> {
    this.#open += 1;
    this.#last = this.#last
      .then(() => this.#scope.runInAsyncScope(task))
      .catch(this.#onError)
      .finally(() => {
        this.#open -= 1;
        if (this.#open === 0) this.#onIdle();
      });
    return this.#last;
  }
}

/** The longest delay of a timer, 24.8 days: Node.js fires a longer one after 1 ms. */
const MAX_TIMER_MILLIS: number = 2 ** 31 - 1;

/** A delay that a timer can have: at most the longest one, and none that is negative, of which Node.js warns. */
export function timerMillis(millis: number): number {
  return Math.min(Math.max(0, Math.ceil(millis)), MAX_TIMER_MILLIS);
}

/**
 * Resolves with the value of a promise, which must not reject, or with `undefined` after the timeout. In the background, the timer does
 * not keep the process alive.
 */
export function withTimeout<T>(
  millis: number,
  promise: Promise<T>,
  isBackground = false,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, timerMillis(millis), undefined);
    if (isBackground) timer.unref();
    void promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Keeps the process alive until a promise is settled: sending hits does not. */
export async function holdEventLoop<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, MAX_TIMER_MILLIS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
