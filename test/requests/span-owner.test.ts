import { createContextKey, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { ownerOf, setOwner } from '../../src/requests/owner.js';
import { Request } from '../../src/requests/request.js';
import { ownedSpanOf } from '../../src/requests/span-owner.js';

/** Of the HTTP instrumentation, which stores its SERVER span beside the active one. */
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
const OF_SERVER: SpanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 };

test.each<[span: string, differs: Partial<SpanContext>, isOwned: boolean]>([
  ['in the trace of the SERVER span', {}, true],
  ['of another trace', { traceId: 'c'.repeat(32) }, false],
  ['of another process', { isRemote: true }, false],
])('a span that is not recorded, %s, has its owner: %s', (_span, differs, isOwned) => {
  const server = trace.wrapSpanContext(OF_SERVER);
  const request = new Request();
  setOwner(server, request);
  const active = trace.wrapSpanContext({ ...OF_SERVER, spanId: 'd'.repeat(16), ...differs });
  const context = trace.setSpan(ROOT_CONTEXT, active).setValue(RPC_METADATA, { span: server });
  expect(ownedSpanOf(context)).toBe(active);
  expect(ownerOf(active)).toBe(isOwned ? request : undefined);
});
