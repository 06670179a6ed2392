import { expect, test } from 'vitest';
import { MatomoSpanExporter } from '../src/index.js';
import type { ExportResult } from '../src/span-exporter.js';
import { serverSpan } from './support/builders.js';
import { startExporter } from './support/exporter.js';

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
