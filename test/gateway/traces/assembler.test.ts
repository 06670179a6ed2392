import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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
