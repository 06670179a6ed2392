import { expect, test } from 'vitest';
import { assembleRequests } from '../../src/requests/assemble-requests.js';
import type { FinishedSpan } from '../../src/requests/finished-span.js';
import { finishedSpan, READING } from '../support/builders.js';

function request(id: string, parentSpanId: string | undefined, path: string): FinishedSpan {
  return finishedSpan({
    id,
    ...(parentSpanId && { parentSpanId }),
    attributes: { 'http.request.method': 'GET', 'url.path': path },
  });
}

const pathsOf = (spans: FinishedSpan[]) =>
  assembleRequests(spans, READING).map(({ record }) => record.request.path);

test('requests that are each other’s parents are one request', () => {
  expect(pathsOf([request('a', 'b', '/a'), request('b', 'a', '/b')])).toHaveLength(1);
  expect(pathsOf([request('a', 'a', '/a')])).toEqual(['/a']);
});

test('the outermost request is found through spans in any order', () => {
  const between = finishedSpan({ id: 'b', parentSpanId: 'a', kind: 0 });
  const client = finishedSpan({ id: 'd', parentSpanId: 'c', kind: 2 });
  const spans = [
    request('e', 'd', '/called'),
    client,
    request('c', 'b', '/nested'),
    between,
    request('a', undefined, '/outer'),
  ];
  for (const heap of [spans, spans.toReversed()]) {
    expect(new Set(pathsOf(heap))).toEqual(new Set(['/called', '/outer']));
    expect(pathsOf(heap)).toHaveLength(2);
  }
});
