import type { Exchange } from '../../src/delivery/http.js';

export function answer(
  status: number,
  body: object | string = '',
  contentType = typeof body === 'string' ? 'text/html' : 'application/json',
): Exchange & { kind: 'answer' } {
  return {
    kind: 'answer',
    status,
    contentType,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    location: undefined,
    retryAfter: undefined,
  };
}

/** The body of Matomo 5.2 if the database dies during a bulk. The status is 200, and nothing is stored. */
export const DATABASE_DIED =
  'Error:SQLSTATE[HY000]: General error: 2006 MySQL server has gone away';
