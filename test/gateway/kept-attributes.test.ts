import { type Attributes, SpanKind } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { readJson } from '../../src/gateway/otlp/decode-json.js';
import { readProtobuf } from '../../src/gateway/otlp/decode-protobuf.js';
import { createSelection, DecodedExport } from '../../src/gateway/otlp/read-export.js';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { Request } from '../../src/request/request.js';
import { annotateBelow, isAnnotatedBelow } from '../../src/spans/facts.js';
import { finishedSpan, READING } from '../support/builders.js';
import { decode } from './received-spans.js';

const LONG = `matomo.cvar.${'x'.repeat(200)}`;
const ATTRIBUTES = {
  '': 'empty',
  'db.query.text': 'SELECT 1',
  'error.message': 'no type',
  'error.type': 'TypeError',
  matomo: 'no parameter',
  'matomo.e_c': 'shop',
  [LONG]: 'yes',
  übername: 'Ann',
  'über.all': 'nobody',
};
const KEPT = { 'error.type': 'TypeError', 'matomo.e_c': 'shop', [LONG]: 'yes', übername: 'Ann' };

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
for (const kind of [SpanKind.SERVER, SpanKind.CLIENT, SpanKind.INTERNAL]) {
  provider.getTracer('test').startSpan('span', { kind, attributes: ATTRIBUTES }).end();
}

test.each([
  ['protobuf', ProtobufTraceSerializer, readProtobuf],
  ['JSON', JsonTraceSerializer, readJson],
] as const)(
  'of %s, spans keep their name and what counts, and server spans all',
  (_, serializer, read) => {
    const into = new DecodedExport(createSelection({}, { userIdAttribute: 'übername' }));
    const body = serializer.serializeRequest(exporter.getFinishedSpans()) as Uint8Array;
    decode(read, body, into);
    const [server, ...others] = into.spans.map(({ attributes }) => attributes);
    expect(server).toMatchObject(KEPT);
    expect(server).toMatchObject({ 'db.query.text': 'SELECT 1', 'über.all': 'nobody' });
    expect(others).toEqual([KEPT, KEPT]);
    expect(into.spans.map(({ name }) => name)).toEqual(['span', 'span', 'span']);
  },
);

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
