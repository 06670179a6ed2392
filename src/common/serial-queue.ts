import type { AsyncResource } from 'node:async_hooks';

interface SerialQueueOptions {
  /** The async context of all tasks. @default the context of the call to `run` */
  readonly scope?: AsyncResource;
  /** Called when the last task has ended. */
  readonly onIdle?: () => void;
  /** Called with what a task threw. */
  readonly onError?: (error: unknown) => void;
}

/** Runs tasks one after the other, in the order of the calls. A task that fails does not stop the others. */
export class SerialQueue {
  readonly #options: SerialQueueOptions;
  #last: Promise<unknown> = Promise.resolve();
  #open = 0;

  constructor(options: SerialQueueOptions = {}) {
    this.#options = options;
  }

  /** Whether all tasks have ended. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** Resolves when all tasks so far have ended. Never rejects. */
  get ended(): Promise<void> {
    return this.#last.then(nothing);
  }

  /** Resolves with the result of the task, or with `fallback` if it fails. Never rejects. */
  run(task: () => Promise<void>): Promise<void>;
  run<T>(task: () => Promise<T> | T, fallback: T): Promise<T>;
  run<T>(task: () => Promise<T> | T, fallback?: T): Promise<T | undefined> {
    const { scope, onIdle, onError } = this.#options;
    this.#open += 1;
    const ended = this.#last
      .then(() => (scope ? scope.runInAsyncScope(task) : task()))
      .catch((error) => {
        onError?.(error);
        return fallback;
      })
      .finally(() => {
        this.#open -= 1;
        if (this.#open === 0) onIdle?.();
      });
    this.#last = ended.catch(nothing);
    return ended;
  }
}

function nothing(): void {}
