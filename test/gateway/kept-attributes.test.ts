import { SpanKind } from '@opentelemetry/api';
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
