import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { ReceivedSpan } from '../../../src/gateway/otlp/received-span.js';
import { Assembler } from '../../../src/gateway/traces/assembler.js';
import { receivedSpan, type SpanFields } from '../received-spans.js';

const GRACE_MILLIS = 2000;
const TICK_MILLIS = 100;
const SERVER = 2;

function span(spanId: string, fields: SpanFields = {}): ReceivedSpan {
  return receivedSpan({ spanId, attributes: { 'matomo.a': 'b' }, ...fields });
}

/** A span of which only its parent is used. */
function emptySpan(spanId: string, parentSpanId: string, extraBytes = 0): ReceivedSpan {
  return receivedSpan({ spanId, parentSpanId }, { extraBytes });
}

/** Empty spans, each below the one before. */
function chain(count: number, parentSpanId: string, extraBytes = 0): ReceivedSpan[] {
  return Array.from({ length: count }, (_, i) =>
    emptySpan(
      `${parentSpanId} ${i}`,
      i === 0 ? parentSpanId : `${parentSpanId} ${i - 1}`,
      extraBytes,
    ),
  );
}

const requestFields = { kind: SERVER, attributes: { 'http.request.method': 'GET' } };

function request(spanId: string): ReceivedSpan {
  return span(spanId, requestFields);
}

function startAssembler(): { assembler: Assembler; given: string[][] } {
  const given: string[][] = [];
  const assembler = new Assembler(GRACE_MILLIS, {
    hasRoom: () => true,
    onUnused: () => undefined,
    pass: ({ root, below }) => given.push([root, ...below].map(({ spanId }) => spanId)),
  });
  return { assembler, given };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('a request leaves when its grace is over, whatever had been planned for spans that came before', () => {
  const { assembler, given } = startAssembler();
  assembler.add([span('below', { parentSpanId: 'root' })]);
  vi.advanceTimersByTime(60_000); // what is above it may come for minutes
  assembler.add([request('root')]);
  vi.advanceTimersByTime(GRACE_MILLIS - TICK_MILLIS);
  expect(given).toEqual([]);
  vi.advanceTimersByTime(2 * TICK_MILLIS);
  expect(given).toEqual([['root', 'below']]);
  expect(assembler.counts).toEqual({ waiting: 0, used: 2, unused: 0 });
});

test.each([
  ['alone', []],
  ['with a span that comes late', [span('late', { parentSpanId: 'root' })]],
])('nothing stays of a request that has gone and comes again, %s', (_, others) => {
  const { assembler, given } = startAssembler();
  assembler.add([request('root')]);
  vi.advanceTimersByTime(2 * GRACE_MILLIS);
  assembler.add([request('root'), ...others]);
  expect(given).toEqual([['root']]);
  expect(assembler.counts).toEqual({ waiting: others.length, used: 1, unused: 1 });
  expect(vi.getTimerCount()).toBe(others.length);
  vi.advanceTimersByTime(600_000);
  expect(assembler.counts).toEqual({ waiting: 0, used: 1, unused: 1 + others.length });
  expect(vi.getTimerCount()).toBe(0);
});

test('an export that comes again makes no hits, although two of its traces have the same span ID', () => {
  const { assembler } = startAssembler();
  const spans = () =>
    ['a'.repeat(32), 'b'.repeat(32)].map((traceId) => span('1', { ...requestFields, traceId }));
  for (let time = 0; time < 3; time++) {
    assembler.add(spans());
    assembler.finish();
  }
  expect(assembler.counts).toEqual({ waiting: 0, used: 2, unused: 4 });
});

/** An assembler whose clock stands still, except that each request costs its receiver 10 ms. */
function startSlowAssembler(requests: number) {
  vi.useRealTimers();
  let millis = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => millis);
  onTestFinished(() => clock.mockRestore());
  const happened: string[] = [];
  const assembler = new Assembler(0, {
    hasRoom: () => true,
    onUnused: () => undefined,
    pass({ root }) {
      millis += 10;
      happened.push(root.spanId);
    },
  });
  assembler.add(Array.from({ length: requests }, (_, n) => request(String(n))));
  return { assembler, happened };
}

test('many requests that are ready leave in slices, oldest first, so that others have their turn', async () => {
  const { assembler, happened } = startSlowAssembler(9);
  while (assembler.counts.waiting > 0) {
    await new Promise((resolve) => setImmediate(resolve));
    if (happened.at(-1) !== ' ') happened.push(' ');
    const used = happened.filter((one) => one !== ' ').length;
    expect(assembler.counts).toEqual({ waiting: 9 - used, used, unused: 0 });
    expect(assembler.waitingRequests).toBe(9 - used);
  }
  expect(happened.join('').trim()).toMatch(/^0\d{1,3} (\d{1,4} )+\d{1,4}$/);
  expect(happened.join('').replaceAll(' ', '')).toBe('012345678');
  assembler.finish();
});

test('what is ready and has not left does so at the end, and comes again no more', async () => {
  const { assembler, happened } = startSlowAssembler(9);
  while (happened.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assembler.add([request('8')]);
  expect(assembler.counts).toMatchObject({ unused: 1 });
  expect(happened.length).toBeLessThan(9);
  assembler.finish();
  expect(happened.join('')).toBe('012345678');
  expect(assembler.counts).toEqual({ waiting: 0, used: 9, unused: 1 });
});

test('empty spans link what is below them to its request, and count as used with it', () => {
  const { assembler, given } = startAssembler();
  const leaf = span('leaf', { parentSpanId: 'root 19' });
  assembler.add([leaf, ...chain(20, 'root').reverse(), request('root')]);
  expect(assembler.counts).toEqual({ waiting: 22, used: 0, unused: 0 });
  vi.advanceTimersByTime(2 * GRACE_MILLIS);
  expect(given).toEqual([['root', 'leaf']]);
  expect(assembler.counts).toEqual({ waiting: 0, used: 22, unused: 0 });
});

test('what stays of a trace after one of its requests has left is still known, and duplicates of it are unused', () => {
  const { assembler, given } = startAssembler();
  assembler.add([request('first'), ...chain(20, 'first')]);
  vi.advanceTimersByTime(GRACE_MILLIS - 2 * TICK_MILLIS);
  assembler.add([request('second'), ...chain(20, 'second')]);
  vi.advanceTimersByTime(4 * TICK_MILLIS);
  expect(given).toEqual([['first']]);
  assembler.add([...chain(20, 'second'), emptySpan('late', 'second 19')]);
  expect(assembler.counts).toEqual({ waiting: 22, used: 21, unused: 20 });
  vi.advanceTimersByTime(2 * GRACE_MILLIS);
  expect(given).toEqual([['first'], ['second']]);
  expect(assembler.counts).toEqual({ waiting: 0, used: 43, unused: 20 });
});

test('spans below a message that is linked to a request in another trace do not wait for minutes', () => {
  const { assembler, given } = startAssembler();
  const [client, server] = ['c'.repeat(32), 's'.repeat(32)];
  const root = 'r'.repeat(16);
  const remote = { parentSpanId: 'caller', flags: 0x300 };
  const message = span('message', {
    traceId: client,
    ...remote,
    attributes: { 'mcp.method.name': 'tools/call' },
    links: [{ traceId: server, spanId: root }],
  });
  const child = span('child', { traceId: client, parentSpanId: 'message', flags: 0x100 });
  assembler.add([
    child,
    message,
    receivedSpan({ ...requestFields, spanId: root, traceId: server }),
  ]);
  vi.advanceTimersByTime(2 * GRACE_MILLIS);
  expect(given).toEqual([[root, 'message']]);
  expect(assembler.counts).toEqual({ waiting: 0, used: 2, unused: 1 });
});

test('empty spans take no room after their request was passed on', () => {
  const { assembler, given } = startAssembler();
  const bytes = 2 ** 20;
  for (let round = 0; round < 20; round++) {
    assembler.add([request(`r${round}`), ...chain(10, `r${round}`, bytes)]);
    expect(given.length, 'a request leaves early if memory is short').toBe(round);
    vi.advanceTimersByTime(2 * GRACE_MILLIS);
    expect(given.length).toBe(round + 1);
  }
});
