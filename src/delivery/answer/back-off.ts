const FIRST_MILLIS = 1_000;
const MAX_BACK_OFF_MILLIS = 60_000;
const FIRST_HOLD_MILLIS = 2_000;
const MAX_HOLD_MILLIS = 300_000;

/** Wait after the `n`th failure in a row, from 1. Full jitter, so that many processes do not retry at the same time. */
export function backOffMillis(n: number, random: () => number): number {
  return random() * Math.min(MAX_BACK_OFF_MILLIS, FIRST_MILLIS * 2 ** (n - 1));
}

/** Wait after the `n`th rejection in a row. Only an operator can fix the cause, so rare attempts are enough. */
export function holdMillis(n: number, random: () => number): number {
  return (0.5 + random() / 2) * Math.min(MAX_HOLD_MILLIS, FIRST_HOLD_MILLIS * 2 ** (n - 1));
}

/** Parses `Retry-After`, whole seconds or an HTTP date, to milliseconds from now, at most an hour. */
export function retryAfterMillis(
  header: string | undefined,
  nowMillis: number,
): number | undefined {
  if (header === undefined) return undefined;
  const millis = /^\s*\d+\s*$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - nowMillis;
  return Number.isFinite(millis) ? Math.min(Math.max(0, millis), 3_600_000) : undefined;
}
