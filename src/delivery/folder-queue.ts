import { AsyncScope, timerMillis } from '../common/timers.js';
import type { FileStep, Files, Steps } from './folder-files.js';

/** If an operation takes longer, the disk counts as hanging. No other one begins until it ends, or all file system threads of Node.js would hang. */
const HANG_MILLIS = 5_000;

interface OperationOptions<T> {
  /** Whether the operation still runs if the disk hangs before it has begun. */
  readonly isNeeded?: boolean;
  /** Called if the disk hangs. Returns the result for the caller, which stops waiting. */
  readonly onHang?: () => T;
  /** Called when the operation has ended, however late. */
  readonly onEnd?: (value: T) => void;
  /** Called at the event `exit` if the operation is abandoned because the disk hangs. */
  readonly onLeft?: () => void;
}

interface Operation extends OperationOptions<unknown> {
  readonly steps: Steps<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The current step; `undefined` before the first one. */
  step: FileStep | undefined;
  hasEnded: boolean;
}

/** Runs one operation at a time. */
export class FolderQueue {
  /** Whether the disk hangs, so that no operation may begin. */
  isHanging = false;
  readonly #files: Files;
  readonly #onHang: () => void;
  readonly #operations: Operation[] = [];
  readonly #scope = new AsyncScope('MatomoFolder');
  #limitMillis = HANG_MILLIS;
  #timer: NodeJS.Timeout | undefined;

  constructor(files: Files, onHang: () => void) {
    this.#files = files;
    this.#onHang = onHang;
  }

  /** Runs an operation. Resolves when it has ended, or with `undefined` when the disk hangs. */
  run<T>(steps: Steps<T>, options: OperationOptions<T> = {}): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const operation = { steps, resolve, reject, step: undefined, hasEnded: false, ...options };
      this.#operations.push(operation as Operation);
      if (this.#operations.length === 1) this.#scope.runInAsyncScope(() => void this.#work());
      else if (this.isHanging) this.#leaveWaiting(operation as Operation);
    });
  }

  async #work(): Promise<void> {
    for (let [first] = this.#operations; first; [first] = this.#operations) {
      this.#watch(this.#limitMillis);
      try {
        const value = await this.#carryOut(first);
        if (first.hasEnded) return; // at the event `exit`
        first.onEnd?.(value);
        first.resolve(value);
      } catch (error) {
        first.reject(error);
      }
      clearTimeout(this.#timer);
      this.isHanging = false;
      this.#operations.shift();
    }
  }

  async #carryOut(operation: Operation): Promise<unknown> {
    const { steps } = operation;
    let next = steps.next();
    while (!next.done) {
      operation.step = next.value;
      const result = await this.#files.run(next.value).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      if (operation.hasEnded) return undefined;
      next = 'error' in result ? steps.throw(result.error) : steps.next(result.value);
    }
    return next.value;
  }

  #watch(millis: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hang(), timerMillis(millis)).unref();
  }

  #hang(): void {
    this.isHanging = true;
    this.#onHang();
    for (const operation of [...this.#operations]) this.#leaveWaiting(operation);
  }

  /** Resolves the promise of an operation, so that its caller stops waiting. */
  #leaveWaiting(operation: Operation): void {
    const { step, isNeeded, onHang, resolve } = operation;
    const isDropped = step === undefined && isNeeded !== true;
    if (isDropped) this.#operations.splice(this.#operations.indexOf(operation), 1);
    resolve(isDropped ? undefined : onHang?.());
  }

  /** Sets the time after which the disk counts as hanging, also for the current operation. */
  hurry(millis: number): void {
    this.#limitMillis = millis;
    if (this.#operations.length > 0 && !this.isHanging) this.#watch(millis);
  }

  /** At the event `exit`, completes all operations synchronously, or abandons them if the disk hangs. */
  endNow(): void {
    for (const operation of this.#operations.splice(0)) {
      operation.hasEnded = true;
      if (this.isHanging) {
        operation.onLeft?.();
        continue;
      }
      const value = this.#finish(operation);
      operation.onEnd?.(value);
      operation.resolve(value);
    }
  }

  /** Runs an operation synchronously, after `endNow`. */
  runNow<T>(steps: Steps<T>): T {
    return this.#goOn(steps, steps.next());
  }

  #goOn<T>(steps: Steps<T>, first: IteratorResult<FileStep, T>): T {
    let next = first;
    while (!next.done)
      next = attempt(steps, () => this.#files.runNow((next as { value: FileStep }).value));
    return next.value;
  }

  /** Completes an operation. Its current step, which a thread of Node.js runs, may be done already, or later. */
  #finish({ steps, step }: Operation): unknown {
    if (!step) return this.runNow(steps);
    const repeat = () => {
      if (step[0] === 'sync') return;
      if (step[0] !== 'rename' && step[0] !== 'unlink') throw new Error('the process ends');
      try {
        this.#files.runNow(step);
      } catch (error) {
        if (step[0] === 'rename' && !this.#files.has(step[2])) throw error;
      }
    };
    return this.#goOn(steps, attempt(steps, repeat));
  }
}

/** Runs a step and passes its result or error to the operation. */
function attempt<T>(steps: Steps<T>, run: () => unknown): IteratorResult<FileStep, T> {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(value);
}
