import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { setOwner } from '../../src/requests/owner.js';
import { Request } from '../../src/requests/request.js';
import { RequestFinder } from '../../src/requests/request-of-span.js';
import { finishedSpan } from '../support/builders.js';

let spans = 0;

function spanOf(traceId: string) {
  spans += 1;
  const spanId = spans.toString(16).padStart(16, '0');
  return finishedSpan({ spanContext: () => ({ traceId, spanId, traceFlags: 1 }) });
}

test.each([
  ['its own trace', (i: number) => `trace ${i}`],
  ['one trace', () => 'one'],
])(
  'each of a thousand SERVER spans in %s has its own request, and so have the spans below',
  (_name, traceOf) => {
    const finder = new RequestFinder();
    const spans = Array.from({ length: 1000 }, (_, i) => spanOf(traceOf(i)));
    for (const span of spans) finder.addServerSpan(span, undefined);
    const requests = spans.map((span) => finder.ofServerSpan(span));
    expect(new Set(requests).size).toBe(1000);
    expect(requests.map((request) => request?.span)).toEqual(spans);
    const below = spans.map((parent) => {
      const span = spanOf(parent.spanContext().traceId);
      finder.addSpan(span, parent);
      return span;
    });
    expect(below.map((span) => finder.of(span))).toEqual(requests);
  },
);

test('a span of other making with the same ids is no request', () => {
  const span = spanOf('one');
  const finder = new RequestFinder();
  finder.addServerSpan(span, undefined);
  expect(finder.ofServerSpan({ ...span })).toBeUndefined();
});

test('each processor finds its own request by the same span', () => {
  const finders = [new RequestFinder(), new RequestFinder(), new RequestFinder()];
  const [server, child] = [spanOf('one'), spanOf('one')];
  for (const finder of finders) finder.addServerSpan(server, undefined);
  for (const finder of finders) finder.addSpan(child, server);
  const requests = finders.map((finder) => finder.ofServerSpan(server));
  expect(requests.map((request) => request?.finder)).toEqual(finders);
  expect(new Set(requests.map((request) => request?.announced)).size).toBe(1);
  expect(finders.map((finder) => finder.of(child))).toEqual(requests);
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

test.each([true, false])(
  'a span of a closed request is of no other one, recorded: %s',
  (isRecorded) => {
    const finder = new RequestFinder();
    const server = spanOf('closed');
    finder.addServerSpan(server, undefined);
    const request = finder.of(server) as Request;
    const recorded = spanOf('closed');
    const span = isRecorded ? recorded : { spanContext: recorded.spanContext };
    setOwner(span, request);
    request.close();
    expect(finder.ofCall(finder.takeOwn(new Request()), span as never)).toBeUndefined();
  },
);

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
  active?: 'a job' | 'a job of the other' | 'another span';
  tracksSpanless?: boolean;
  expected: 'mine' | 'other' | 'unknown' | undefined;
}>([
  { expected: 'mine' },
  { ofMine: 'a span', expected: 'mine' },
  { ofMine: 'a span', ofOther: 'a span', expected: 'mine' },
  { ofOther: 'a span', expected: 'other' },
  { ofOther: 'a span', tracksSpanless: true, expected: 'other' },
  { ofOther: 'a span', active: 'a job', expected: undefined },
  { ofOther: 'a span', active: 'a job of the other', expected: 'other' },
  { ofOther: 'no span', expected: 'other' },
  { ofOther: 'no span', active: 'a job', expected: undefined },
  { ofOther: 'no span', tracksSpanless: true, expected: 'mine' },
  { announced: 'as one that is over', expected: 'unknown' },
  { announced: 'as one that is over', ofOther: 'a span', expected: 'other' },
  { announced: 'by nobody', expected: undefined },
  { announced: 'by nobody', active: 'a job', expected: undefined },
  { announced: 'by nobody', active: 'a job of the other', expected: 'unknown' },
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
  if (row.active === 'a job of the other') other.addSpan(active as never, undefined);
  const found = mine.ofHit(announced, active, row.tracksSpanless ?? false);
  if (row.expected !== 'mine') return expect(found).toBe(row.expected);
  expect(found).toMatchObject({ finder: mine, announced });
  if (own) expect(found).toBe(own);
});
