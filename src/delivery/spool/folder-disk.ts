import { codeOf } from '../../common/describe-error.js';
import { withTimeout } from '../../common/timers.js';
import { isMissing, keepKeys, prepareFolder, UntrustedFolder } from './folder-access.js';
import type { SpoolLog } from './spool-log.js';
import type { SpoolOptions } from './spool-options.js';

const SET_OWNED =
  'Set spool to a folder that the user of this process owns and that others cannot write to.';
const FULL = new Set(['ENOSPC', 'EDQUOT']);

interface StepOptions<T> {
  /** What the step does, for the log. */
  readonly purpose: 'write' | 'read';
  /** Gets the result of a step that took too long: then it does not count. */
  readonly undo?: (value: T) => Promise<unknown>;
  /** While the disk hangs, the step waits until it goes on. Otherwise it fails. */
  readonly canWait?: boolean;
}

/** Runs operations on a folder in steps, one after the other, and knows whether that is possible. */
export class FolderDisk {
  isOpen = false;
  /** Nothing more can be written. */
  isFull = false;
  readonly #folder: string;
  readonly #options: SpoolOptions;
  readonly #log: SpoolLog;
  /** The days whose visitor keys are shared. */
  #knownDays: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Steps that take too long. */
  #hanging = 0;
  /** After a failure, when it is tried again, on the monotonic clock. */
  #retryMillis = Number.NEGATIVE_INFINITY;

  constructor(folder: string, options: SpoolOptions, log: SpoolLog) {
    this.#folder = folder;
    this.#options = options;
    this.#log = log;
    try {
      this.#prepare();
    } catch (error) {
      this.fail('write', error);
    }
  }

  get isHanging(): boolean {
    return this.#hanging > 0;
  }

  /** The last step has failed a moment ago. */
  get isFailing(): boolean {
    return performance.now() < this.#retryMillis;
  }

  /** Runs a step after those before. Resolves with `undefined` if it fails, or takes too long. */
  async run<T>(
    step: () => Promise<T>,
    { purpose, undo, canWait = false }: StepOptions<T>,
  ): Promise<T | undefined> {
    if (this.isHanging && !canWait) return undefined;
    let isLate = false;
    const ended = this.#last.then(async () => {
      try {
        this.#prepare();
        const value = await step();
        if (isLate) await undo?.(value);
        else if (purpose === 'read') this.#log.endUnreadable();
        return { value };
      } catch (error) {
        this.fail(purpose, error);
        return { value: undefined };
      }
    });
    this.#last = ended;
    if (this.isHanging) return undefined;
    const result = await withTimeout(this.#options.limits.operationMillis, ended, true);
    if (result) return result.value;
    isLate = true;
    this.#hanging += 1;
    this.#log.beginUnwritable('an operation hangs');
    void ended.then(() => {
      this.#hanging -= 1;
    });
    return undefined;
  }

  /** Throws if the folder cannot be used. */
  #prepare(): void {
    const { keys, matomoUrl } = this.#options;
    if (!this.isOpen) {
      prepareFolder(this.#folder, matomoUrl);
      this.isOpen = true;
      this.#knownDays = undefined;
      this.#log.endUnused();
    }
    // Daily keys: three times a day, at midnight, an hour later, and before the next midnight.
    const days = keys?.days.join();
    if (!keys || days === this.#knownDays) return;
    try {
      keepKeys(this.#folder, keys);
      this.#knownDays = days;
    } catch (error) {
      this.#log.beginKeyUnshared(codeOf(error));
    }
  }

  fail(purpose: 'write' | 'read', error: unknown): void {
    const code = codeOf(error);
    if (FULL.has(code)) {
      this.fill(code);
      return;
    }
    this.#retryMillis = performance.now() + this.#options.limits.listMillis;
    if (!this.isOpen) {
      if (error instanceof UntrustedFolder) this.#log.beginUnused(code, 'spool-owner', SET_OWNED);
      else this.#log.beginUnused(code);
    } else if (isMissing(error)) {
      this.isOpen = false;
      this.#log.addDeleted('The folder');
    } else if (purpose === 'write') {
      this.#log.beginUnwritable(code);
    } else {
      this.#log.beginUnreadable(code);
    }
  }

  /** Nothing more can be written, until something was sent. */
  fill(cause: string): void {
    this.#retryMillis = performance.now() + this.#options.limits.listMillis;
    this.isFull = true;
    this.#log.beginUnwritable(cause);
  }

  /** Hits were stored. */
  succeed(): void {
    this.isFull = false;
    this.#log.endUnwritable();
  }
}
