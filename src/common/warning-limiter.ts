import { DetachedScope } from './detached-scope.js';
import { coded, splitCode } from './messages.js';

const INTERVAL_MILLIS = 60_000;

/** State of the messages with one code. */
interface Recent {
  /** By the monotonic clock. */
  writtenMillis: number;
  suppressed: number;
}

/**
 * Limits messages about changes of state: each code is written at most once per minute, and its next message says how
 * many were suppressed. The latest change is always written, at the latest when its minute is over, so that the log
 * ends with the state that holds. What is suppressed does not keep the process alive.
 */
export function createWarningLimiter(write: (message: string) => void): (message: string) => void {
  const recents = new Map<string, Recent>();
  // The timer must not inherit the async context of the request that happened to create it.
  const scope = new DetachedScope('MatomoWarnings');
  let timer: NodeJS.Timeout | undefined;

  function writeNow(message: string, key: string, suppressed: number): void {
    recents.set(key, { writtenMillis: performance.now(), suppressed: 0 });
    write(suppressed === 0 ? message : withSuppressed(message, suppressed));
  }

  return function warn(message) {
    const key = splitCode(message).code ?? message;
    const recent = recents.get(key);
    const sinceMillis = performance.now() - (recent?.writtenMillis ?? Number.NEGATIVE_INFINITY);
    // Only the latest change may be written late: an earlier one no longer holds.
    clearTimeout(timer);
    if (recent === undefined || sinceMillis >= INTERVAL_MILLIS) {
      writeNow(message, key, recent?.suppressed ?? 0);
      return;
    }
    recent.suppressed += 1;
    const writeLate = () => writeNow(message, key, recent.suppressed);
    scope.runInAsyncScope(() => {
      timer = setTimeout(writeLate, Math.ceil(INTERVAL_MILLIS - sinceMillis)).unref();
    });
  };
}

/** Adds the number of suppressed messages before the code. */
function withSuppressed(message: string, suppressed: number): string {
  const { text, code } = splitCode(message);
  const counted = `${text} (suppressed ${suppressed} ${suppressed === 1 ? 'time' : 'times'})`;
  return code === undefined ? counted : coded(code, counted);
}
