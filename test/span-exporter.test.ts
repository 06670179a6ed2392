import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { MatomoSpanExporter } from '../src/index.js';
import type { FinishedSpan } from '../src/request/finished-span.js';
import type { ExportResult } from '../src/span-exporter.js';
import { finishedSpan, serverSpan } from './support/builders.js';
import { captureOutput } from './support/output.js';
import { startExporter, startProcessor } from './support/senders.js';

test.each([false, true])(
  'an export during or after the shutdown fails and queues nothing, with exitFlush: %s',
  async (exitFlush) => {
    const { exporter } = await startExporter({ exitFlush });
    const results: ExportResult[] = [];
    const send = (path: string) =>
      exporter.export([serverSpan(path)], (result) => results.push(result));
    send('/in-time');
    const closed = exporter.shutdown();
    send('/during');
    await closed;
    send('/after');
    const failed = { code: 1, error: expect.objectContaining({ message: expect.any(String) }) };
    expect(results).toEqual([{ code: 0 }, failed, failed]);
    expect(exporter.stats()).toMatchObject({ hits: 1, tracked: 1, pending: 0 });
    expect(exporter.shutdown()).toBe(closed);
  },
);

test('without options an export succeeds until the shutdown', async () => {
  const exporter = new MatomoSpanExporter({ enabled: false });
  const codes: number[] = [];
  exporter.export([serverSpan('/a')], ({ code }) => codes.push(code));
  await exporter.shutdown();
  exporter.export([serverSpan('/b')], ({ code }) => codes.push(code));
  expect(codes).toEqual([0, 1]);
});

/** Spans that cannot be read: when they are grouped, as a request, as a part of one, and as one without a request. */
const UNREADABLE: readonly (readonly [FinishedSpan, 'unused' | 'rejected'])[] = [
  [finishedSpan({ attributes: undefined as never }), 'unused'],
  [serverSpan('/a', { 'enduser.id': Object.create(null) }), 'rejected'],
  [finishedSpan({ kind: 0, attributes: { 'matomo.x': 1 }, status: undefined as never }), 'unused'],
  [finishedSpan({ kind: 0, events: [{ name: 'matomo.hit', attributes: throwing() }] }), 'unused'],
];

function throwing() {
  return {
    get 'matomo.e_c'(): string {
      throw new Error('a getter');
    },
  };
}

test.each(UNREADABLE.map((row, i) => [i, ...row] as const))(
  'a span that cannot be read is counted and reported, and loses no other one (%i)',
  async (_i, span, counted) => {
    const output = captureOutput();
    const { exporter } = await startExporter({ userId: 'enduser.id' });
    const { processor, tracer } = await startProcessor({ userId: 'enduser.id' });
    tracer.startSpan('call', { kind: 1, attributes: { 'rpc.system': 'grpc' } }).end(); // the first one begins the tracker
    const codes: number[] = [];
    exporter.export([serverSpan('/b'), span, serverSpan('/c')], ({ code }) => codes.push(code));
    processor.onStart(span as never, ROOT_CONTEXT);
    processor.onEnd(span);
    await exporter.forceFlush();
    await processor.forceFlush();
    expect(codes).toEqual([0]);
    const rejected = counted === 'rejected' ? 1 : 0;
    const counts = { lost: { rejected }, spans: { unused: 1 - rejected } };
    expect(exporter.stats()).toMatchObject({ hits: 2 + rejected, tracked: 2, ...counts });
    expect(processor.stats()).toMatchObject({ hits: rejected, ...counts });
    expect(output.filter((line) => line.includes('[internal-error]'))).toHaveLength(2);
  },
);
