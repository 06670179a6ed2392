import { AsyncResource } from 'node:async_hooks';

/**
 * A separate async context for timers and sockets, which must not inherit the async context of the request that happens to create them. `hasRef`
 * returns false, because Jest reports async resources without that method as open handles.
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

/** Limits a delay to the range of timers. Node.js logs a warning about negative delays. */
export function timerMillis(millis: number): number {
  return Math.min(Math.max(0, Math.ceil(millis)), MAX_TIMER_MILLIS);
}

/**
 * Resolves with the value of a promise that must not reject, or with `undefined` after the timeout. In the background, the timer does not keep the
 * process alive.
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

/** Keeps the process alive until a promise is settled. Sending hits alone does not. */
export async function holdEventLoop<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, MAX_TIMER_MILLIS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
