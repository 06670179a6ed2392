import { coded, splitCode } from './messages.js';
import { DetachedScope } from './timers.js';

const MINUTE_MILLIS = 60_000;
const MAX_LINES_PER_MINUTE = 6;

/** Lines about what changes or is lost. What cannot be written now is written as soon as the limits allow. */
export interface LineLimiter {
  /**
   * Writes `message()`, at most once per minute and key. A later change replaces one that is not written yet, so that the log ends
   * with the state that holds. `undefined`: there is nothing to write any more.
   */
  change(key: string, message: () => string | undefined): void;
  /** Writes the sum of what was added since the last line of the key. */
  add(key: string, amount: number, message: (sum: number) => string, pace?: Pace): void;
  /** Writes at once what is not written yet: the process may end. */
  flush(): void;
}

/** How often the lines of a key are written. */
interface Pace {
  /** At most once in this time. @default a minute */
  readonly intervalMillis?: number;
  /** A line comes with what is added in this time after the first amount. @default 0 */
  readonly delayMillis?: number;
}

/** State of the lines with one key. */
interface Line {
  /** When the last one was written, on the monotonic clock. */
  writtenMillis: number;
  intervalMillis: number;
  /** The next one is not written before. */
  earliestMillis: number;
  /** The next one, if it is not written yet. */
  message: (() => string | undefined) | undefined;
  /** Calls since the last one. */
  changes: number;
  sum: number;
}

/** Writes at most six lines a minute. What is not written yet does not keep the process alive. */
export function createLineLimiter(write: (message: string) => void): LineLimiter {
  const lines = new Map<string, Line>();
  /** When the latest lines were written. */
  const writtenMillis: number[] = [];
  // The timer must not inherit the async context of the request that happened to create it.
  const scope = new DetachedScope('MatomoLines');
  let timer: NodeJS.Timeout | undefined;

  function lineOf(key: string, intervalMillis = MINUTE_MILLIS): Line {
    const known = lines.get(key);
    if (known) return known;
    const never = Number.NEGATIVE_INFINITY;
    const line: Line = {
      writtenMillis: never,
      intervalMillis,
      earliestMillis: never,
      message: undefined,
      changes: 0,
      sum: 0,
    };
    lines.set(key, line);
    return line;
  }

  function dueMillis({ writtenMillis: last, intervalMillis, earliestMillis }: Line): number {
    const sixthLast = writtenMillis.at(-MAX_LINES_PER_MINUTE) ?? Number.NEGATIVE_INFINITY;
    return Math.max(last + intervalMillis, sixthLast + MINUTE_MILLIS, earliestMillis);
  }

  function writeNow(line: Line): void {
    const message = line.message?.();
    line.message = undefined;
    if (message === undefined) return;
    const now = performance.now();
    line.writtenMillis = now;
    writtenMillis.push(now);
    if (writtenMillis.length > MAX_LINES_PER_MINUTE) writtenMillis.shift();
    const suppressed = line.changes - 1;
    line.changes = 0;
    write(suppressed > 0 ? withSuppressed(message, suppressed) : message);
  }

  function writeDue(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const line of lines.values()) {
      if (line.message === undefined) continue;
      const due = dueMillis(line);
      if (due <= performance.now()) writeNow(line);
      else next = Math.min(next, due);
    }
    clearTimeout(timer);
    if (next === Number.POSITIVE_INFINITY) return;
    scope.runInAsyncScope(() => {
      timer = setTimeout(writeDue, Math.ceil(next - performance.now())).unref();
    });
  }

  return {
    change(key, message) {
      const line = lineOf(key);
      line.changes += 1;
      line.message = message;
      writeDue();
    },
    add(key, amount, message, { intervalMillis, delayMillis = 0 } = {}) {
      const line = lineOf(key, intervalMillis);
      line.sum += amount;
      if (line.message !== undefined) return;
      line.earliestMillis = performance.now() + delayMillis;
      line.message = () => {
        const { sum } = line;
        line.sum = 0;
        return message(sum);
      };
      writeDue();
    },
    flush() {
      for (const line of lines.values()) writeNow(line);
      clearTimeout(timer);
    },
  };
}

/** Adds the number of suppressed messages before the code. */
function withSuppressed(message: string, suppressed: number): string {
  const { text, code } = splitCode(message);
  const counted = `${text} (suppressed ${suppressed} ${suppressed === 1 ? 'time' : 'times'})`;
  return code === undefined ? counted : coded(code, counted);
}
