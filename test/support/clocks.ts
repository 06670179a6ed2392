import { onTestFinished, vi } from 'vitest';

/** Puts the monotonic clock a minute ahead with each call of what it returns, until the end of the test. Timers do not move. */
export function createSkipMinute(): () => void {
  const now = performance.now.bind(performance);
  let aheadMillis = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMillis);
  onTestFinished(() => void spy.mockRestore());
  return function skipMinute() {
    aheadMillis += 60_000;
  };
}

/** Stops the monotonic clock until the end of the test, except for what the returned function adds to it. Timers go on. */
export function stopMonotonicClock(): (millis: number) => void {
  let nowMillis = Math.ceil(performance.now()); // sums of whole numbers are exact
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => nowMillis);
  onTestFinished(() => void spy.mockRestore());
  return function add(millis) {
    nowMillis += millis;
  };
}

/** Steps the wall clock, as an operator or NTP does; the monotonic clock and timers do not notice. */
export function stepWallClock(millis: number): void {
  vi.setSystemTime(Date.now() + millis);
}
