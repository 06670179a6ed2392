import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
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

const SPANLESS = () => undefined;

/** A request that Node.js has announced. */
function announce(): Request {
  const incoming = new IncomingMessage(new Socket());
  return Request.ofNode(incoming, new ServerResponse(incoming), '/', undefined);
}

/** Hits of a call, in a process with two tracer providers, each with a processor. */
test.each<{
  announced?: 'by nobody' | 'as one that is over';
  ofOther?: 'a span' | 'no span';
  ofMine?: 'a span';
  active?: 'a job' | 'another span';
  tracksSpanless?: boolean;
  expected: 'mine' | 'other' | 'unknown' | undefined;
}>([
  { expected: 'mine' },
  { ofMine: 'a span', expected: 'mine' },
  { ofMine: 'a span', ofOther: 'a span', expected: 'mine' },
  { ofOther: 'a span', expected: 'other' },
  { ofOther: 'a span', tracksSpanless: true, expected: 'other' },
  { ofOther: 'a span', active: 'a job', expected: undefined },
  { ofOther: 'no span', expected: 'other' },
  { ofOther: 'no span', active: 'a job', expected: undefined },
  { ofOther: 'no span', tracksSpanless: true, expected: 'mine' },
  { announced: 'as one that is over', expected: 'unknown' },
  { announced: 'as one that is over', ofOther: 'a span', expected: 'other' },
  { announced: 'by nobody', expected: undefined },
  { announced: 'by nobody', active: 'a job', expected: undefined },
  { announced: 'by nobody', active: 'another span', expected: 'unknown' },
])('the request of a hit: %o', (row) => {
  const [mine, other] = [new RequestFinder(), new RequestFinder()];
  const announced = row.announced === 'by nobody' ? undefined : announce();
  if (announced && row.ofOther) {
    const request = other.takeOwn(announced);
    const http = { 'http.request.method': 'GET' };
    if (row.ofOther === 'a span')
      request.startSpan({ ...spanOf('of the other'), attributes: http });
    else request.onClosed = SPANLESS;
  }
  const own = announced && row.ofMine && mine.takeOwn(announced);
  own?.startSpan(spanOf('mine'));
  if (announced && row.announced === 'as one that is over') announced.incoming = undefined;
  const active = row.active && (spanOf(row.active) as never);
  if (row.active === 'a job') mine.addSpan(active as never, undefined);
  const found = mine.ofHit(announced, active, row.tracksSpanless ?? false);
  if (row.expected !== 'mine') return expect(found).toBe(row.expected);
  expect(found).toMatchObject({ finder: mine, announced });
  if (own) expect(found).toBe(own);
});
