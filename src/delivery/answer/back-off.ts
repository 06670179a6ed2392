/**
 * A wait that doubles from `first` to `max`, of which the part `jitter` is random, so that many processes do not retry at the same time.
 * `verdicts.ts` says after which result, and how `Retry-After` makes it longer.
 */
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

type WaitMillis = (n: number, random: () => number) => number;

/** Wait after the `n`th failure in a row, from 1. */
export const backOffMillis: WaitMillis = waitsOf(BACK_OFF);
export const holdMillis: WaitMillis = waitsOf(HOLD);
export const failingMillis: WaitMillis = waitsOf(FAILING);

function waitsOf({ firstMillis, maxMillis, jitter }: Waits): WaitMillis {
  return (n, random) =>
    (1 - jitter + jitter * random()) * Math.min(maxMillis, firstMillis * 2 ** (n - 1));
}

/** Wait after the `n`th rejection of the token in a row, from 1. */
export function tokenMillis(n: number): number {
  const minutes = TOKEN_MINUTES[n - 1] ?? (TOKEN_MINUTES.at(-1) as number);
  return minutes * MINUTE_MILLIS;
}

/** Parses the seconds in `Retry-After`, to milliseconds, at most an hour. Without, or with a date, 0. */
export function retryAfterMillis(header = ''): number {
  return /^\s*\d+\s*$/.test(header) ? Math.min(Number(header) * 1000, 3_600_000) : 0;
}
