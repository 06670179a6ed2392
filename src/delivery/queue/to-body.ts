import type { Hit } from '../../hit/hit.js';

/** Separates two hits in a body. */
export const SEPARATOR = '","';

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly Hit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  // `join`, because Node.js 24 takes much longer to encode a text that was made with `+`.
  const queries = hits.map(({ query }) => query).join(SEPARATOR);
  return Buffer.from(`{"requests":["${queries}"]${token}}`, 'latin1');
}
