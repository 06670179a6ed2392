import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { resources } from '@opentelemetry/sdk-node';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { MatomoSpanProcessor } from '../../src/index.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { eventually } from '../support/child-process.js';
import { startMatomo } from '../support/matomo.js';
import { countAllRequests } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const OPTIONS: MatomoOptions = {
  siteId: 3,
  dimensions: { 1: 'service.name', 2: 'trace_id', 3: 'span_id' },
  privacy: 'strict',
};
const REMOTE_TRACE = '0af7651916cd43dd8448eb211c80319c';
const REQUESTS: readonly (readonly [path: string, headers: Record<string, string>])[] = [
  ['/own', {}],
  ['/sampled', { traceparent: `00-${REMOTE_TRACE}-00f067aa0ba902b7-01`, tracestate: 'a=b' }],
  ['/unsampled', { traceparent: `00-${REMOTE_TRACE}-00f067aa0ba902b8-00` }],
];

/** Spans that an application exports for the requests, and their hits; without options it has no processor of this package. */
async function traceRequests(
  options: MatomoOptions | undefined,
): Promise<{ spans: readonly ReadableSpan[]; hits: readonly InspectedHit[] }> {
  const exporter = new InMemorySpanExporter();
  const inspector = await startMatomo();
  const ours = options && new MatomoSpanProcessor({ url: inspector.url, ...options });
  const spanProcessors: SpanProcessor[] = [new SimpleSpanProcessor(exporter)];
  if (ours) {
    spanProcessors.push(ours as never);
    countAllRequests();
  }
  const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  const { fetch, processor } = await startTracedService(
    (_request, response) => {
      trace.getTracer('shop').startActiveSpan('query', (span) => {
        span.addEvent('rows', { count: 3 }).end();
        response.end();
      });
    },
    { enabled: false },
    {
      resource: resources.resourceFromAttributes({ 'service.name': 'shop' }),
      spanProcessors,
      sampler,
    },
  );
  for (const [path, headers] of REQUESTS) await fetch(path, { headers });
  await eventually(() => exporter.getFinishedSpans().length >= 4);
  const spans = [...exporter.getFinishedSpans()]; // before the inspector's own
  await Promise.all([ours?.shutdown(), processor.shutdown()]);
  for (const api of [trace, context, propagation]) api.disable(); // a test may trace twice
  return { spans, hits: inspector.hits() };
}

/** Attributes that differ from run to run. */
const PORTS = ['network.peer.port', 'server.port'];

/** What a backend shows of a span, without what differs from run to run. */
function comparable(span: ReadableSpan) {
  const { traceFlags, traceState } = span.spanContext();
  return {
    ...{ name: span.name, kind: span.kind, status: span.status, links: span.links, traceFlags },
    attributes: Object.entries(span.attributes).filter(([name]) => !PORTS.includes(name)),
    events: span.events.map(({ name, attributes }) => [name, attributes]),
    resource: Object.keys(span.resource.attributes),
    scope: span.instrumentationScope,
    traceState: traceState?.serialize(),
    isRoot: span.parentSpanContext === undefined,
  };
}

test('an application exports the same spans with the processor as without it', async () => {
  const without = await traceRequests(undefined);
  const { spans, hits } = await traceRequests(OPTIONS);
  expect(spans.map(comparable)).toEqual(without.spans.map(comparable));
  expect(hits).toHaveLength(REQUESTS.length);
});

test('a hit has the IDs of its SERVER span, also with strict privacy and if the span is not sampled', async () => {
  const { spans, hits } = await traceRequests(OPTIONS);
  const servers = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  const idsOfSpans = servers.map((span) => {
    const { traceId, spanId } = span.spanContext();
    return ['shop', traceId, spanId];
  });
  const idsOfHits = hits.map(({ params }) => [
    params.dimension1,
    params.dimension2,
    params.dimension3,
  ]);
  expect(idsOfHits).toHaveLength(3);
  expect(idsOfHits).toEqual(expect.arrayContaining(idsOfSpans));
  const [unsampled] = idsOfHits.filter((ids) => !idsOfSpans.some(([, , id]) => id === ids[2]));
  // Only recorded spans have a resource.
  expect(unsampled).toEqual([undefined, REMOTE_TRACE, expect.stringMatching(/^[0-9a-f]{16}$/)]);
});
