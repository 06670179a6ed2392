import type { Exchange, Transport } from '../../src/delivery/http.js';

/** A transport to a Matomo that tracks all hits, after these answers to so many hits. It keeps the bodies in the order in which they were sent. */
export function createTransport(
  ...first: ((sent: number) => Promise<Exchange>)[]
): Transport & { readonly bodies: readonly object[] } {
  const bodies: object[] = [];
  return {
    bodies,
    async send(body) {
      const sent = JSON.parse(body.toString('utf8')) as { requests: string[] };
      bodies.push(sent);
      const next = first.shift() ?? processed;
      return next(sent.requests.length);
    },
    async close() {},
  };
}

function processed(tracked: number): Exchange {
  return answer(200, { status: 'success', tracked, invalid: 0 });
}

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
