import type { Attributes } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import { createSelection } from '../../src/gateway/otlp/read-export.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { Request } from '../../src/request/request.js';
import { annotateBelow, isAnnotatedBelow } from '../../src/spans/facts.js';
import { RECORDINGS, recording } from '../requests/recorded-spans.js';
import { finishedSpan, READING, serverSpan } from '../support/builders.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportOf } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';
import { sorted } from '../support/sorted.js';

const { keepsAttribute } = createSelection({}, READING);

test('the gateway keeps every attribute that is read of a child span', () => {
  const read = new Set<string>();
  for (const name of ['sveltekit.handle.root', 'graphql.execute', 'span']) {
    for (const code of [0, 2]) {
      for (const events of [[], [{ name: 'exception' }]]) {
        readInAllWays({ name, status: { code }, events }, read);
      }
    }
  }
  expect([...read].filter((name) => !keepsAttribute(name))).toEqual([]);
  expect([...read]).toEqual(expect.arrayContaining(['router.type', 'sveltekit.is_sub_request']));
});

/** Reads child spans with up to three of the attributes that are read, in every combination, and adds their names to `read`. */
function readInAllWays(overrides: Partial<FinishedSpan>, read: Set<string>): void {
  const tried = new Set<string>();
  function readWith(...present: readonly string[]): void {
    const key = [...new Set(present)].sort().join();
    if (tried.has(key)) return;
    tried.add(key);
    const attributes = new Proxy<Attributes>(
      {},
      {
        get(_attributes, name) {
          read.add(String(name));
          return present.includes(String(name)) ? '/text' : undefined;
        },
      },
    );
    const span = finishedSpan({ ...overrides, kind: 0, attributes });
    isAnnotatedBelow(span, READING);
    annotateBelow(Request.ofSpan(span), span, READING);
  }
  readWith();
  // A set grows while it is read.
  for (const one of read)
    for (const two of read) for (const three of read) readWith(one, two, three);
}

const OPTIONS = { siteId: 1, tokenAuth: 'a-token', visitorKey: 'a-key-of-visitors' } as const;

test.each([
  ['application/json', JsonTraceSerializer],
  ['application/x-protobuf', ProtobufTraceSerializer],
])(
  'recorded spans in %s make the hits that an exporter makes of them',
  async (type, serializer) => {
    const { gateway, inspector } = await startGateway(OPTIONS);
    const { inspector: direct, exporter } = await startExporter(OPTIONS);
    for (const file of RECORDINGS) {
      const spans = recording(file);
      exporter.export(spans, () => undefined);
      const body = exportOf(spans, serializer);
      expect((await sendSpans(gateway, body, { 'content-type': type })).status).toBe(200);
    }
    await exporter.shutdown();
    await gateway.close();
    expect(direct.hits().length).toBeGreaterThan(100);
    expect(readable(inspector.hits())).toEqual(readable(direct.hits()));
  },
);

test('an exception of a SERVER span below another one counts, as that of an exporter does', async () => {
  const options = { ...OPTIONS, dimensions: { 1: 'error.type' } };
  const { gateway, inspector } = await startGateway(options);
  const { inspector: direct, exporter } = await startExporter(options);
  const outer = serverSpan('/a', { 'http.response.status_code': 500 });
  const events = [{ name: 'exception', attributes: { 'exception.type': 'PaymentError' } }];
  const parentSpanId = outer.spanContext().spanId;
  const spans = [outer, serverSpan('/nested', {}, { parentSpanId, events })];
  exporter.export(spans, () => undefined);
  expect((await sendSpans(gateway, exportOf(spans))).status).toBe(200);
  await exporter.shutdown();
  await gateway.close();
  expect(JSON.stringify(direct.hits())).toContain('PaymentError');
  expect(readable(inspector.hits())).toEqual(readable(direct.hits()));
});

const readable = (hits: readonly InspectedHit[]) =>
  sorted(hits.map(({ params }) => JSON.stringify(params)));
