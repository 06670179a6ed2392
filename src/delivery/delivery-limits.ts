const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A wait that doubles from the first to the longest one. `jitter`: the part of it that is random, so that processes do not retry together. */
export interface Waits {
  readonly firstMillis: number;
  readonly maxMillis: number;
  readonly jitter: number;
}

/** Times and limits of delivery, which no option sets. Tests replace some. */
export interface DeliveryLimits {
  /** Failures in a row after which the server is the cause. */
  readonly serverFailures: number;
  /** Failures after which a hit is rejected that failed alone, while others succeeded. */
  readonly hitFailures: number;
  /** With `resendUnconfirmed`, how often a bulk is sent again. */
  readonly resends: number;
  /** While Matomo is unavailable. */
  readonly backOff: Waits;
  /** While only an operator can fix the cause. */
  readonly hold: Waits;
  /** While Matomo receives bulks and fails: each attempt costs it work. */
  readonly serverFails: Waits;
  /** After each rejection of the token in a row. Matomo locks an address out after 20 an hour: six processes behind one stay below. */
  readonly tokenMillis: readonly number[];
  readonly maxRetryAfterMillis: number;
  /** A flush takes no longer: an SDK rejects its own `forceFlush` if a processor is slow, and a platform may wait for it. */
  readonly flushMillis: number;
  /** No attempt is made for so long after an error of this package, which would come again. */
  readonly errorMillis: number;
  /** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
  readonly maxBodyBytes: number;

  /** With a spool: how often hits in memory are stored in it. */
  readonly storeMillis: number;
  /** A claim, and a file that is being written, of a process that says nothing for so long are those of a dead one. */
  readonly deadMillis: number;
  /** How long `close` of a spool may take. */
  readonly closeMillis: number;
  /** How long one operation of a disk or of Redis may take. */
  readonly operationMillis: number;
  /** A file of a spool is closed when it has so many hits, or bytes. */
  readonly maxFileHits: number;
  readonly maxFileBytes: number;
  /** A file is closed after so long: until then, only its process claims it. */
  readonly fileMillis: number;
  /** Names of files are listed at most so often, and sizes. */
  readonly listMillis: number;
  readonly sizeMillis: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  serverFailures: 10,
  hitFailures: 9,
  resends: 3,
  backOff: { firstMillis: SECOND, maxMillis: MINUTE, jitter: 1 },
  hold: { firstMillis: 2 * SECOND, maxMillis: 5 * MINUTE, jitter: 0.5 },
  serverFails: { firstMillis: 2 * SECOND, maxMillis: 12 * MINUTE, jitter: 0.5 },
  tokenMillis: [10 * MINUTE, 30 * MINUTE, HOUR],
  maxRetryAfterMillis: HOUR,
  flushMillis: 5 * SECOND,
  errorMillis: 10 * SECOND,
  maxBodyBytes: 1_000_000 - 4096,

  storeMillis: 500,
  deadMillis: MINUTE,
  closeMillis: 1.5 * SECOND,
  operationMillis: 5 * SECOND,
  maxFileHits: 1_000,
  maxFileBytes: 1_000_000,
  fileMillis: 5 * MINUTE,
  listMillis: SECOND,
  sizeMillis: MINUTE,
};

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
