/** Without a token, Matomo rejects hits older than 24 hours. Ten minutes are reserved for sending. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;

/** Whether a hit is young enough: for Matomo, and for `maxAgeMillis`. */
export function createIsFresh(
  hasToken: boolean,
  maxAgeMillis: number | undefined = Number.POSITIVE_INFINITY,
): (hit: { readonly startSeconds: number }) => boolean {
  const forMatomo = hasToken ? Number.POSITIVE_INFINITY : OLDEST_WITHOUT_TOKEN_MILLIS;
  const oldestMillis = Math.min(forMatomo, maxAgeMillis);
  if (oldestMillis === Number.POSITIVE_INFINITY) return () => true;
  // Read the clock for each hit: a disk may hang in between, and the wall clock may be set back.
  return ({ startSeconds }) => startSeconds * 1000 > Date.now() - oldestMillis;
}
