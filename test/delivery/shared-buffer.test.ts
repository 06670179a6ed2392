import { expect, test } from 'vitest';
import { encodeHits, toBody } from '../../src/delivery/queue/encode-hits.js';
import type { Hit } from '../../src/hit/hit.js';

const QUERIES = ['?idsite=1&a=1', '?idsite=1&b=2', '?idsite=1&c=3'];

function encoded() {
  const hits = QUERIES.map((query, i): Hit => {
    return { site: 1, visitor: String(i), startSeconds: 1, kind: 'page', query };
  });
  return encodeHits(hits);
}

const requestsOf = (body: Buffer) => JSON.parse(body.toString());

test('the body of a whole bulk is the buffer in which its hits were encoded', () => {
  const hits = encoded();
  const body = toBody(hits, 'a'.repeat(32));
  expect(body.buffer).toBe(hits[0]?.buffer.buffer);
  expect(requestsOf(body)).toEqual({ requests: QUERIES, token_auth: 'a'.repeat(32) });
});

test('the hits of a bulk that was sent can be sent again with another token, in parts, and together', () => {
  const hits = encoded();
  toBody(hits, 'a'.repeat(32));
  expect(requestsOf(toBody(hits.slice(1), 'b'))).toEqual({
    requests: QUERIES.slice(1),
    token_auth: 'b',
  });
  expect(requestsOf(toBody(hits.slice(0, 2), undefined))).toEqual({
    requests: QUERIES.slice(0, 2),
  });
  expect(requestsOf(toBody([...hits].reverse(), 'b')).requests).toEqual([...QUERIES].reverse());
  for (const token of ['b', undefined, 'c'.repeat(1000)]) {
    const { requests, token_auth } = requestsOf(toBody(hits, token));
    expect([requests, token_auth]).toEqual([QUERIES, token]);
  }
});
