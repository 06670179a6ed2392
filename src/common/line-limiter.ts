import { AsyncScope, timerMillis } from './timers.js';

const MINUTE_MILLIS = 60_000;
const MAX_LINES_PER_MINUTE = 6;
const FIRST_REPEAT_MILLIS = 600_000;
const REPEAT_MILLIS = 3_600_000;

type Message = () => string | undefined;

/** How often the lines of a key are written. */
interface Pace {
  /** At most once in this time. @default a minute */
  readonly intervalMillis?: number;
  /** A line comes with what is added in this time after the first amount. @default 0 */
  readonly delayMillis?: number;
}

/** Lines about something that lasts, such as an outage. */
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

/** What lasts has a line at its beginning, if its cause changes, after ten minutes and then every hour, and at its end. */
export interface LastingState {
  /**
   * The state begins, or lasts. Writes `message()` if the cause is another one than in the latest line, and still is after `delayMillis`.
   * `undefined`: it is in the log already.
   */
  begin(cause: string, message: Message, delayMillis?: number): void;
  /** Whether it has begun, also if that is not logged yet. */
  isLasting(): boolean;
  end(): void;
  /** Ends the state without a message: nothing observes it any more. */
  forget(): void;
}

/** What is written with one key. */
class Line {
  readonly intervalMillis: number;
  /** The next message, if it is not written yet. */
  message: Message | undefined;
  /** The next message is not written before, on the monotonic clock. */
  earliestMillis = Number.NEGATIVE_INFINITY;
  /** When the last one was written. */
  writtenMillis = Number.NEGATIVE_INFINITY;
  /** Amounts since the last one. */
  sum = 0;
  /** It repeats what is in the log already. */
  isRepetition = false;

  constructor(intervalMillis: number) {
    this.intervalMillis = intervalMillis;
  }
}

/**
 * Writes at most one line a minute per key and six in all, with what holds when it is written. What cannot be written now is written as
 * soon as that allows, which does not keep the process alive.
 */
export class LineLimiter {
  readonly #write: (message: string) => void;
  readonly #lines = new Map<string, Line>();
  /** When the latest lines were written. */
  readonly #writtenMillis: number[] = [];
  // The timer must not inherit the async context of the request that happened to create it.
  readonly #scope = new AsyncScope('MatomoLines');
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (message: string) => void) {
    this.#write = write;
  }

  /** Writes `message()` instead of what is not written yet with this key. `undefined`: there is nothing to write any more. */
  change(key: string, message: Message, delayMillis = 0): void {
    this.#plan(this.#lineOf(key), delayMillis, message);
  }

  /** Writes the sum of what was added since the last line of the key. */
  add(
    key: string,
    amount: number,
    message: (sum: number) => string,
    { intervalMillis, delayMillis = 0 }: Pace = {},
  ): void {
    const line = this.#lineOf(key, intervalMillis);
    line.sum += amount;
    if (line.message !== undefined) return;
    this.#plan(line, delayMillis, () => {
      const { sum } = line;
      line.sum = 0;
      return message(sum);
    });
  }

  /** Follows a state that has not begun. */
  lasting({ key, ended, repeated, quietMillis }: LastingStateOptions): LastingState {
    const repeats = this.#lineOf(`${key} repeated`);
    repeats.isRepetition = true;
    let quiet: NodeJS.Timeout | undefined;
    /** `undefined` if the state does not last. */
    let current: string | undefined;
    /** The cause in the latest line. */
    let written: string | undefined;
    let since = '';

    const repeat = () => {
      this.#plan(repeats, REPEAT_MILLIS, repeat);
      return current === undefined ? undefined : repeated(since, current);
    };
    const state: LastingState = {
      begin: (cause, message, delayMillis) => {
        quiet?.refresh();
        if (current === cause) return;
        if (current === undefined) {
          since = `${new Date().toISOString().slice(0, 19)}Z`;
          this.#plan(repeats, FIRST_REPEAT_MILLIS, repeat);
          if (quietMillis !== undefined) quiet = this.#after(quietMillis, state.end);
        }
        current = cause;
        const write = () => {
          if (current === undefined || current === written) return undefined;
          written = current;
          return message();
        };
        this.change(key, write, delayMillis);
      },
      isLasting: () => current !== undefined,
      end: () => {
        if (current === undefined) return;
        state.forget();
        if (written === undefined) return;
        this.change(`${key} ended`, () => {
          if (current !== undefined) return undefined;
          written = undefined;
          return ended();
        });
      },
      forget: () => {
        current = undefined;
        repeats.message = undefined;
        clearTimeout(quiet);
        quiet = undefined;
        this.#writeDue();
      },
    };
    return state;
  }

  /** Writes at once what is not written yet, but nothing that is repeated later: the process may end. */
  flush(): void {
    for (const line of this.#lines.values()) if (!line.isRepetition) this.#writeLine(line);
    clearTimeout(this.#timer);
  }

  #lineOf(key: string, intervalMillis = MINUTE_MILLIS): Line {
    const line = this.#lines.get(key) ?? new Line(intervalMillis);
    this.#lines.set(key, line);
    return line;
  }

  #plan(line: Line, delayMillis: number, message: Message): void {
    line.message = message;
    line.earliestMillis = performance.now() + delayMillis;
    this.#writeDue();
  }

  #writeDue(): void {
    for (const line of this.#lines.values()) {
      if (this.#dueMillis(line) <= performance.now()) this.#writeLine(line);
    }
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#lines.values()].map((line) => this.#dueMillis(line)));
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#after(next - performance.now(), () => this.#writeDue());
  }

  #after(millis: number, run: () => void): NodeJS.Timeout {
    return this.#scope.runInAsyncScope(() => setTimeout(run, timerMillis(millis)).unref());
  }

  /** When the next message can be written; `Infinity` if there is none. */
  #dueMillis({ message, writtenMillis, intervalMillis, earliestMillis }: Line): number {
    if (message === undefined) return Number.POSITIVE_INFINITY;
    const sixthLast = this.#writtenMillis.at(-MAX_LINES_PER_MINUTE) ?? Number.NEGATIVE_INFINITY;
    return Math.max(writtenMillis + intervalMillis, sixthLast + MINUTE_MILLIS, earliestMillis);
  }

  #writeLine(line: Line): void {
    const { message: toMessage } = line;
    line.message = undefined;
    const message = toMessage?.();
    if (message === undefined) return;
    const now = performance.now();
    line.writtenMillis = now;
    this.#writtenMillis.push(now);
    if (this.#writtenMillis.length > MAX_LINES_PER_MINUTE) this.#writtenMillis.shift();
    this.#write(message);
  }
}
