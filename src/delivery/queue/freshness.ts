/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;

export interface FreshnessOptions {
  readonly tokenAuth: string | undefined;
  readonly maxSpoolAgeMillis?: number;
}

/** Whether a hit is young enough: for Matomo, and for `maxSpoolAgeMillis` if there is a spool. */
export function createIsFresh(
  { tokenAuth, maxSpoolAgeMillis = Number.POSITIVE_INFINITY }: FreshnessOptions,
  hasSpool: boolean,
): (hit: { readonly startSeconds: number }) => boolean {
  const forMatomo =
    tokenAuth === undefined ? OLDEST_WITHOUT_TOKEN_MILLIS : Number.POSITIVE_INFINITY;
  const oldestMillis = hasSpool ? Math.min(forMatomo, maxSpoolAgeMillis) : forMatomo;
  if (oldestMillis === Number.POSITIVE_INFINITY) return () => true;
  // Read the clock for each hit: a disk may hang in between, and the wall clock may be set back.
  return ({ startSeconds }) => startSeconds * 1000 > Date.now() - oldestMillis;
}
