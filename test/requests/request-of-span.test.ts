import { expect, test } from 'vitest';
import { Request } from '../../src/requests/request.js';
import { RequestFinder } from '../../src/requests/request-of-span.js';
import { finishedSpan } from '../support/builders.js';

let spans = 0;

function spanOf(traceId: string) {
  spans += 1;
  const spanId = spans.toString(16).padStart(16, '0');
  return finishedSpan({ spanContext: () => ({ traceId, spanId, traceFlags: 1 }) });
}

/** A finder with a request for each of these spans. */
function finderOf(spans: readonly ReturnType<typeof spanOf>[]) {
  const finder = new RequestFinder();
  const requests = spans.map((span) => Request.of(span));
  for (const request of requests) finder.add(request);
  return { finder, requests };
}

test.each([
  ['a few traces', 10, (i: number) => `trace ${i}`],
  ['one trace', 500, () => 'one'],
  ['many traces', 60_000, (i: number) => `trace ${i}`],
  ['many traces of two requests', 110_000, (i: number) => `trace ${i >> 1}`],
])('the request of every server span is found, in %s', (_name, count, traceOf) => {
  const spans = Array.from({ length: count }, (_, i) => spanOf(traceOf(i)));
  const { finder, requests } = finderOf(spans);
  const lost = spans.filter((span, i) => finder.root(span) !== requests[i]);
  expect(lost).toHaveLength(0);
});

test('a span of other making with the same ids is no request', () => {
  const span = spanOf('one');
  const { finder } = finderOf([span]);
  expect(finder.root({ ...span })).toBeUndefined();
});

test('requests of traces that come again are found as long as they are open', () => {
  const finder = new RequestFinder();
  for (let i = 0; i < 10_000; i++) {
    const spans = [spanOf(`trace ${i % 3000}`), spanOf(`trace ${i % 3000}`)];
    const requests = spans.map((span) => Request.of(span));
    for (const request of requests) finder.add(request);
    expect(finder.hasSharedTraces).toBe(true);
    const found = spans.map((span) => finder.root(span));
    expect(found.every((request, j) => request === requests[j])).toBe(true);
    for (const request of requests) finder.remove(request);
    expect(finder.hasSharedTraces).toBe(false);
    expect(finder.ownerOf(spanOf(`trace ${i % 3000}`))).toBeUndefined();
  }
});

test.each([
  { isRecorded: false, hasSpan: false, isOfCurrent: true },
  { isRecorded: true, hasSpan: false, isOfCurrent: false }, // it may be of another person's request
  { isRecorded: false, hasSpan: true, isOfCurrent: false },
])('whether a span of an unknown trace is of the current request: %o', (row) => {
  const finder = new RequestFinder();
  const current = finder.takeOwn(new Request());
  if (row.hasSpan) current.startSpan(spanOf('current'));
  const recorded = spanOf('unknown');
  const span = row.isRecorded ? recorded : { spanContext: recorded.spanContext };
  expect(finder.ofCall(current, span as never)).toBe(row.isOfCurrent ? current : undefined);
});
