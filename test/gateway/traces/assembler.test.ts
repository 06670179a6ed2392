import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  emptySpanFields,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from '../../../src/gateway/otlp/received-span.js';
import { Assembler } from '../../../src/gateway/traces/assembler.js';
import type { RequestSpans } from '../../../src/gateway/traces/waiting-trace.js';

const GRACE_MILLIS = 2000;
const TICK_MILLIS = 100;
const SERVER = 2;
const source: SpanSource = {
  attributes: {},
  matomoAttributes: undefined,
  isPython: false,
  service: 'shop',
  isTaken: true,
};

function span(spanId: string, fields: Partial<SpanFields> = {}): ReceivedSpan {
  const all = { ...emptySpanFields(), traceId: 't', spanId, ...fields };
  return new ReceivedSpan(all, source, all.attributes, { takesScope: () => true });
}

function request(spanId: string): ReceivedSpan {
  return span(spanId, { kind: SERVER, attributes: { 'http.request.method': 'GET' } });
}

function startAssembler(): { assembler: Assembler; given: string[][] } {
  const given: string[][] = [];
  const assembler = new Assembler(GRACE_MILLIS, ({ root, below }: RequestSpans) =>
    given.push([root, ...below].map(({ spanId }) => spanId)),
  );
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
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(600_000);
  expect(assembler.counts).toEqual({ waiting: 0, used: 1, unused: 1 + others.length });
  expect(vi.getTimerCount()).toBe(0);
});

/** An assembler whose clock stands still, except that each request costs its receiver 10 ms. */
function startSlowAssembler(requests: number) {
  vi.useRealTimers();
  let millis = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => millis);
  onTestFinished(() => clock.mockRestore());
  const happened: string[] = [];
  const assembler = new Assembler(0, ({ root }) => {
    millis += 10;
    happened.push(root.spanId);
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
