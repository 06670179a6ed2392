import type { Diagnostics } from './diagnostics.js';
import { DetachedScope } from './timers.js';

const FIRST_REPEAT_MILLIS = 600_000;
const REPEAT_MILLIS = 3_600_000;

export interface LastingStateOptions {
  /** Key of its lines. */
  readonly key: string;
  /** Text at its end. */
  readonly ended: () => string;
  /** Text while it lasts. `undefined`: nothing to repeat now. */
  readonly repeated: (since: string, cause: string) => string | undefined;
  /** The state ends if `begin` is not called for this long. @default the state ends with `end` */
  readonly quietMillis?: number;
}

/**
 * What lasts, such as an outage. There is a line at its beginning, if its cause changes, after ten minutes and then every hour, and
 * at its end.
 */
export class LastingState {
  readonly #lines: Diagnostics['lines'];
  readonly #options: LastingStateOptions;
  // The timer must not inherit the async context of the request that happened to create it.
  readonly #scope = new DetachedScope('MatomoState');
  /** `undefined` if it does not last. */
  #cause: string | undefined;
  /** The cause in the latest line. */
  #writtenCause: string | undefined;
  #since = '';
  #timer: NodeJS.Timeout | undefined;
  #begunMillis = 0;
  #endTimer: NodeJS.Timeout | undefined;

  constructor({ lines }: Pick<Diagnostics, 'lines'>, options: LastingStateOptions) {
    this.#lines = lines;
    this.#options = options;
  }

  /**
   * The state begins, or lasts. Writes `message()` if the cause is another one than in the latest line. `undefined`: it is in the
   * log already.
   */
  begin(cause: string, message: () => string | undefined): void {
    const { quietMillis } = this.#options;
    this.#begunMillis = performance.now();
    if (quietMillis !== undefined && this.#cause === undefined) this.#endIn(quietMillis);
    if (this.#cause === undefined) {
      this.#since = `${new Date().toISOString().slice(0, 19)}Z`;
      this.#repeatIn(FIRST_REPEAT_MILLIS);
    }
    if (this.#cause === cause) return;
    this.#cause = cause;
    if (this.#writtenCause === cause) return;
    this.#lines.change(this.#options.key, () => {
      if (this.#cause === undefined || this.#cause === this.#writtenCause) return undefined;
      this.#writtenCause = this.#cause;
      return message();
    });
  }

  end(): void {
    if (this.#cause === undefined) return;
    this.forget();
    if (this.#writtenCause === undefined) return;
    const { key, ended } = this.#options;
    this.#lines.change(`${key} ended`, () => {
      if (this.#cause !== undefined) return undefined;
      this.#writtenCause = undefined;
      return ended();
    });
  }

  /** Ends the state without a message: nothing observes it any more. */
  forget(): void {
    this.#cause = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#endTimer);
  }

  #endIn(millis: number): void {
    this.#scope.runInAsyncScope(() => {
      this.#endTimer = setTimeout(() => {
        const { quietMillis = 0 } = this.#options;
        const left = this.#begunMillis + quietMillis - performance.now();
        if (left > 0) this.#endIn(Math.ceil(left));
        else this.end();
      }, millis).unref();
    });
  }

  #repeatIn(millis: number): void {
    this.#scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => {
        const { key, repeated } = this.#options;
        this.#lines.change(`${key} repeated`, () =>
          this.#cause === undefined ? undefined : repeated(this.#since, this.#cause),
        );
        this.#repeatIn(REPEAT_MILLIS);
      }, millis).unref();
    });
  }
}
