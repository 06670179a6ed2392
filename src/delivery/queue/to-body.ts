import type { Hit } from '../../hit/hit.js';

/** Separates two hits in a body. */
export const SEPARATOR = '","';

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly Hit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  let queries = '';
  // `join` takes longer.
  for (const { query } of hits) queries += queries === '' ? query : SEPARATOR + query;
  return Buffer.from(`{"requests":["${queries}"]${token}}`, 'latin1');
}
