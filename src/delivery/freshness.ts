/** Without a token Matomo refuses hits of 24 hours ago; ten minutes are left for the way. */
const OLDEST_WITHOUT_TOKEN_MILLIS = 24 * 3_600_000 - 600_000;

/** Whether a hit is young enough: for Matomo, and for us where there is a limit. */
export function createIsFresh(
  hasToken: boolean,
  maxAgeMillis: number | undefined = Number.POSITIVE_INFINITY,
): (hit: { readonly startSeconds: number }) => boolean {
  const forMatomo = hasToken ? Number.POSITIVE_INFINITY : OLDEST_WITHOUT_TOKEN_MILLIS;
  const oldestMillis = Math.min(forMatomo, maxAgeMillis);
  // Read for each hit: a disk may hang between the call and the hit, and the wall clock be set back.
  return ({ startSeconds }) => startSeconds * 1000 > Date.now() - oldestMillis;
}
