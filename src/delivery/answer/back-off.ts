/** A wait that doubles from `first` to `max`, of which the part `jitter` is random, so that many processes do not retry at the same time. */
interface Waits {
  readonly firstMillis: number;
  readonly maxMillis: number;
  readonly jitter: number;
}

/** While Matomo is unavailable. */
const BACK_OFF: Waits = { firstMillis: 1_000, maxMillis: 60_000, jitter: 1 };
/** If only an operator can fix the cause, rare attempts are enough. */
const HOLD: Waits = { firstMillis: 2_000, maxMillis: 300_000, jitter: 0.5 };
/** If Matomo receives bulks and fails: each attempt costs it the work of a whole bulk. */
const FAILING: Waits = { firstMillis: 2_000, maxMillis: 720_000, jitter: 0.5 };

const MINUTE_MILLIS = 60_000;
/** Matomo locks an address out after 20 rejections an hour: six processes behind one address stay below. */
const TOKEN_MINUTES = [10, 30, 60];

/** Wait after the `n`th failure in a row, from 1. */
export const backOffMillis = (n: number, random: () => number): number =>
  waitMillis(BACK_OFF, n, random);
export const holdMillis = (n: number, random: () => number): number => waitMillis(HOLD, n, random);
export const failingMillis = (n: number, random: () => number): number =>
  waitMillis(FAILING, n, random);

function waitMillis(
  { firstMillis, maxMillis, jitter }: Waits,
  n: number,
  random: () => number,
): number {
  return (1 - jitter + jitter * random()) * Math.min(maxMillis, firstMillis * 2 ** (n - 1));
}

/** Wait after the `n`th rejection of the token in a row, from 1. */
export function tokenMillis(n: number): number {
  const minutes = TOKEN_MINUTES[n - 1] ?? (TOKEN_MINUTES.at(-1) as number);
  return minutes * MINUTE_MILLIS;
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
