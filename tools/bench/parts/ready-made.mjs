/** As long as a hit of this package for a browser's request. */
const HIT_BYTES = 720;

/** A bulk request of so many hits. */
export function toBody(hits) {
  const query = '?idsite=1&rec=1&url='.padEnd(HIT_BYTES, 'x');
  return Buffer.from(JSON.stringify({ requests: Array.from({ length: hits }, () => query) }));
}
