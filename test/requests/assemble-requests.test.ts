import { expect, test } from 'vitest';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { assembleRequests } from '../../src/spans/assemble-requests.js';
import { finishedSpan, READING } from '../support/builders.js';

function request(id: string, parentSpanId: string | undefined, path: string): FinishedSpan {
  return finishedSpan({
    id,
    ...(parentSpanId && { parentSpanId }),
    attributes: { 'http.request.method': 'GET', 'url.path': path },
  });
}

const pathsOf = (spans: FinishedSpan[]) =>
  assembleRequests(spans, READING).map(({ request }) => request.http.path);

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

test.each([
  ['content-type', ['text/event-stream; charset=utf-8'], true],
  ['content_type', 'Text/Event-Stream', true],
  ['content-type', ['text/html'], false],
])('a captured header %s %j shows whether the response is an event stream', (name, type, is) => {
  const attributes = { 'http.request.method': 'GET', [`http.response.header.${name}`]: type };
  const [assembled] = assembleRequests([finishedSpan({ id: 'a', attributes })], READING);
  expect(assembled?.request.http.isEndless).toBe(is);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, [Number.NaN]])(
  'of the attribute that names the user, %o is no user, and as a header it is missing',
  (value) => {
    const attributes = {
      'http.request.method': 'GET',
      'enduser.id': value,
      'http.request.header.referer': value,
    };
    const reading = { ...READING, userIdAttribute: 'enduser.id' };
    const [assembled] = assembleRequests([finishedSpan({ id: 'a', attributes })], reading);
    expect(assembled?.request.http.referrer).toBeUndefined();
    expect(assembled?.request.collectAnnotations() ?? []).toEqual([]);
  },
);
