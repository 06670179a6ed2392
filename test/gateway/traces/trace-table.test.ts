import { expect, test } from 'vitest';
import type { PlannedTrace } from '../../../src/gateway/traces/due-traces.js';
import { TraceTable } from '../../../src/gateway/traces/trace-table.js';
import { dueNow } from '../../../src/requests/group-spans.js';
import { receivedSpan } from '../received-spans.js';

const SPAN = receivedSpan({});

function fill(traces: TraceTable, key: string): PlannedTrace {
  const trace = traces.open(key);
  trace.add(SPAN, 0, 0);
  return trace;
}

function close(traces: TraceTable, trace: PlannedTrace, ...done: string[]): void {
  trace.take(0, dueNow);
  for (const id of done) traces.remember(trace, id);
  traces.close(trace);
}

test('keeps open traces, the older ones first, whatever was closed in between', () => {
  const traces = new TraceTable();
  for (let i = 0; i < 250_000; i++) {
    const trace = fill(traces, String(i));
    if (i % 10_000 > 0) close(traces, trace, 'span');
  }
  const keys = Array.from(traces, ({ key }) => Number(key));
  expect(keys.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i * 10_000));
  expect(keys.slice(-4)).toEqual([210_000, 220_000, 230_000, 240_000]);
  expect(traces.size).toBe(25);
  for (const trace of traces) expect(traces.open(trace.key)).toBe(trace);
});

test('a span that is sent again and again stays known among many others', () => {
  const traces = new TraceTable();
  close(traces, fill(traces, 'trace'), 'span');
  for (let i = 0; i < 250_000; i++) {
    if (i % 70_000 === 69_999) {
      const trace = traces.open('trace');
      expect(trace.isDone('span')).toBe(true);
      traces.close(trace);
    }
    close(traces, fill(traces, `trace ${i}`), 'span');
  }
  expect(traces.size).toBe(0);
});

test('spans of one trace are told apart, and so are traces', () => {
  const traces = new TraceTable();
  close(traces, fill(traces, 'one'), 'a', 'b');
  close(traces, fill(traces, 'one'), 'c');
  close(traces, fill(traces, 'two'), 'd');
  const [one, two] = ['one', 'two'].map((key) => traces.open(key));
  const known = ['a', 'b', 'c', 'd'].map((id) => [one?.isDone(id), two?.isDone(id)]);
  expect(known).toEqual([
    [true, false],
    [true, false],
    [true, false],
    [false, true],
  ]);
});

test('a trace that was closed in a later generation is not found where it was opened', () => {
  const traces = new TraceTable();
  const first = fill(traces, 'first');
  for (let i = 0; i < 110_000; i++) close(traces, fill(traces, `trace ${i}`), 'span');
  close(traces, first);
  expect([...traces]).toEqual([]);
  expect(traces.open('first')).not.toBe(first);
});

test('the current trace may be closed while traces are read', () => {
  const traces = new TraceTable();
  for (let i = 0; i < 5000; i++) fill(traces, String(i));
  let seen = 0;
  for (const trace of traces) {
    seen += 1;
    close(traces, trace);
  }
  expect(seen).toBe(5000);
  expect(traces.size).toBe(0);
});
