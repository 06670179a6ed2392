import type { Waits } from './delivery-limits.js';

/** Minimum wait after a failed attempt, whatever the back-off or `Retry-After` is. */
const SHORTEST_MILLIS = 100;

/** The wait after the `n`th failure in a row, from 1. `random` is from 0 to 1. */
export function waitMillis(
  { firstMillis, maxMillis, jitter }: Waits,
  n: number,
  random: number,
): number {
  const longest = Math.min(maxMillis, firstMillis * 2 ** (n - 1));
  return Math.max(SHORTEST_MILLIS, (1 - jitter + jitter * random) * longest);
}

/** The seconds in `Retry-After`, as milliseconds. Without it, or with a date, which the clock of another machine would have to fit, 0. */
export function retryAfterMillis(header = '', maxMillis: number): number {
  return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1000, maxMillis) : 0;
}
