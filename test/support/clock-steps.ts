import { vi } from 'vitest';

/** Steps the wall clock, as an operator or NTP does; the monotonic clock and timers do not notice. */
export function stepWallClock(millis: number): void {
  vi.setSystemTime(Date.now() + millis);
}
