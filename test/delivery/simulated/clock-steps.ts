import { vi } from 'vitest';

const HOUR_MILLIS = 3_600_000;

/** Longer back than any timer of Node.js; not so far forward that hits become too old for Matomo. */
export const CLOCK_STEPS_MILLIS: readonly number[] = [
  -HOUR_MILLIS,
  HOUR_MILLIS,
  -40 * 24 * HOUR_MILLIS,
];

/** Both clocks begin anew, with no timer of before: what one history does with them must not reach the next. */
export function restartClocks(): void {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
}

/** Steps the wall clock, as an operator or NTP does; the monotonic clock and timers do not notice. */
export function stepWallClock(millis: number): void {
  vi.setSystemTime(Date.now() + millis);
}
