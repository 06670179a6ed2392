const FIRST_MILLIS = 1_000;
const LONGEST_MILLIS = 60_000;
const FIRST_HOLD_MILLIS = 2_000;
const LONGEST_HOLD_MILLIS = 300_000;

/** Wait after the `n`th failure in a row (from 1): full jitter, so that processes do not come back as a herd. */
export function backOffMillis(n: number, random: () => number): number {
  return random() * Math.min(LONGEST_MILLIS, FIRST_MILLIS * 2 ** (n - 1));
}

/** Wait after the `n`th refusal in a row: somebody has to change something, so one probe now and then is enough. */
export function holdMillis(n: number, random: () => number): number {
  return (0.5 + random() / 2) * Math.min(LONGEST_HOLD_MILLIS, FIRST_HOLD_MILLIS * 2 ** (n - 1));
}

/** `Retry-After` in milliseconds from now, at most an hour: whole seconds or an HTTP date. */
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
