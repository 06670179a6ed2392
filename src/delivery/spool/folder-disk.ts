import { codeOf } from '../../common/describe-error.js';
import { withTimeout } from '../../common/timers.js';
import { isMissing } from './folder-files.js';
import { keepKeys, prepareFolder, UntrustedFolder } from './folder-setup.js';
import type { SpoolOptions } from './spool-options.js';

const SET_OWNED =
  'Set spool to a folder that the user of this process owns and that others cannot write to.';

/** What needs room on the disk, and all else. */
type Purpose = 'store' | 'claim';

interface StepOptions<T> {
  /** Gets the result of a step that took too long: then it does not count. */
  readonly undo?: (value: T) => Promise<unknown>;
  /** While the disk hangs, the step waits until it goes on. Otherwise it fails. */
  readonly canWait?: boolean;
}

/** Runs operations on a folder in steps, one after the other, and knows whether that is possible. */
export class FolderDisk {
  isOpen = false;
  readonly #folder: string;
  readonly #options: SpoolOptions;
  /** The days whose visitor keys are shared. */
  #knownDays: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Steps that take too long. */
  #hanging = 0;
  /** After a failure, when the next attempt may succeed, on the monotonic clock. */
  readonly #retryMillis = { store: Number.NEGATIVE_INFINITY, claim: Number.NEGATIVE_INFINITY };

  constructor(folder: string, options: SpoolOptions) {
    this.#folder = folder;
    this.#options = options;
    try {
      this.#prepare();
    } catch (error) {
      this.fail('store', error);
    }
  }

  get isHanging(): boolean {
    return this.#hanging > 0;
  }

  can(purpose: Purpose): boolean {
    return !this.isHanging && performance.now() >= this.#retryMillis[purpose];
  }

  /** Runs a step after those before. Resolves with `undefined` if it fails, or takes too long. */
  async run<T>(
    purpose: Purpose,
    step: () => Promise<T>,
    { undo, canWait = false }: StepOptions<T> = {},
  ): Promise<T | undefined> {
    if (this.isHanging && !canWait) return undefined;
    const { limits, log } = this.#options;
    let isLate = false;
    const ended = this.#last.then(async () => {
      try {
        this.#prepare();
        const value = await step();
        if (isLate) await undo?.(value);
        else if (purpose === 'store') log.endUnwritable();
        else log.endUnreadable();
        return { value };
      } catch (error) {
        this.fail(purpose, error);
        return { value: undefined };
      }
    });
    this.#last = ended;
    if (this.isHanging) return undefined;
    const result = await withTimeout(limits.operationMillis, ended, true);
    if (result) return result.value;
    isLate = true;
    this.#hanging += 1;
    log.beginUnwritable('an operation hangs');
    void ended.then(() => {
      this.#hanging -= 1;
    });
    return undefined;
  }

  /** Throws if the folder cannot be used. */
  #prepare(): void {
    const { keys, matomoUrl, log } = this.#options;
    if (!this.isOpen) {
      prepareFolder(this.#folder, matomoUrl);
      this.isOpen = true;
      this.#knownDays = undefined;
      log.endUnused();
    }
    // Daily keys: three times a day, at midnight, an hour later, and before the next midnight.
    const days = keys?.days.join();
    if (!keys || days === this.#knownDays) return;
    try {
      keepKeys(this.#folder, keys);
      this.#knownDays = days;
    } catch (error) {
      log.beginKeyUnshared(codeOf(error));
    }
  }

  fail(purpose: Purpose, error: unknown): void {
    const { limits, log } = this.#options;
    const code = codeOf(error);
    this.#retryMillis[purpose] = performance.now() + limits.listMillis;
    if (!this.isOpen) {
      if (error instanceof UntrustedFolder) log.beginUnused(code, 'spool-owner', SET_OWNED);
      else log.beginUnused(code);
    } else if (isMissing(error)) {
      this.isOpen = false;
      log.addDeleted('The folder');
    } else if (purpose === 'store') {
      log.beginUnwritable(code);
    } else {
      log.beginUnreadable(code);
    }
  }
}
