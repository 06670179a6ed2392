import { expect, test } from 'vitest';
import { finishedSpan, hitEventOf, serverSpan } from '../support/builders.js';
import { startExporter } from '../support/senders.js';
import { sorted } from '../support/sorted.js';

test('an exporter does not wait for the parent of spans below a linked message of MCP, which is in another trace', async () => {
  const { inspector, exporter } = await startExporter({ tokenAuth: 'token' });
  const client = { traceId: '7'.repeat(32), spanId: '8'.repeat(16), traceFlags: 1, isRemote: true };
  const request = serverSpan('/mcp', { 'http.request.method': 'POST' });
  const call = finishedSpan({
    parentSpanContext: client,
    spanContext: () => ({ ...client, spanId: 'a'.repeat(16) }),
    links: [{ context: request.spanContext() }],
    attributes: { 'mcp.method.name': 'tools/call' },
  });
  const below = finishedSpan({
    parentSpanContext: { ...call.spanContext(), isRemote: false },
    spanContext: () => ({ ...client, spanId: '9'.repeat(16) }),
    events: [hitEventOf({ e_c: 'orders', e_a: 'found', uid: 'alice' })],
  });
  exporter.export([below, call, request], () => undefined);
  await exporter.forceFlush();
  expect(sorted(inspector.hits().map(({ params }) => params.e_a ?? params.action_name))).toEqual([
    'MCP tools/call',
    'found',
  ]);
  expect(exporter.stats()).toMatchObject({ hits: 2, tracked: 2, pending: 0 });
});
