import { expect, test } from 'vitest';
import { Request } from '../../src/requests/request.js';
import { TraceIndex } from '../../src/requests/trace-index.js';
import { finishedSpan } from '../support/builders.js';

let spans = 0;

function spanOf(traceId: string) {
  spans += 1;
  const spanId = spans.toString(16).padStart(16, '0');
  return finishedSpan({ spanContext: () => ({ traceId, spanId, traceFlags: 1 }) });
}

/** An index with a request for each of these spans. */
function indexOf(spans: readonly ReturnType<typeof spanOf>[]) {
  const index = new TraceIndex();
  const requests = spans.map((span) => Request.of(span, index));
  for (const request of requests) index.add(request);
  return { index, requests };
}

test.each([
  ['a few traces', 10, (i: number) => `trace ${i}`],
  ['one trace', 500, () => 'one'],
  ['many traces', 60_000, (i: number) => `trace ${i}`],
  ['many traces of two requests', 110_000, (i: number) => `trace ${i >> 1}`],
])('the request of every server span is found, in %s', (_name, count, traceOf) => {
  const spans = Array.from({ length: count }, (_, i) => spanOf(traceOf(i)));
  const { index, requests } = indexOf(spans);
  const lost = spans.filter((span, i) => index.root(span) !== requests[i]);
  expect(lost).toHaveLength(0);
});

test('a span of other making with the same ids is no request', () => {
  const span = spanOf('one');
  const { index } = indexOf([span]);
  expect(index.root({ ...span })).toBeUndefined();
});

test('requests of traces that come again are found as long as they are open', () => {
  const index = new TraceIndex();
  for (let i = 0; i < 10_000; i++) {
    const spans = [spanOf(`trace ${i % 3000}`), spanOf(`trace ${i % 3000}`)];
    const requests = spans.map((span) => Request.of(span, index));
    for (const request of requests) index.add(request);
    expect(index.hasSharedTraces).toBe(true);
    const found = spans.map((span) => index.root(span));
    expect(found.every((request, j) => request === requests[j])).toBe(true);
    for (const request of requests) index.remove(request);
    expect(index.hasSharedTraces).toBe(false);
    expect(index.ownerOf(spanOf(`trace ${i % 3000}`))).toBeUndefined();
  }
});
