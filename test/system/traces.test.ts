import { context, propagation, trace } from '@opentelemetry/api';
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
import { eventually } from '../support/child-process.js';
import { startMatomo } from '../support/matomo.js';
import { countAllRequests } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const REMOTE_TRACE = '0af7651916cd43dd8448eb211c80319c';
const REQUESTS: readonly (readonly [path: string, headers: Record<string, string>])[] = [
  ['/own', {}],
  ['/sampled', { traceparent: `00-${REMOTE_TRACE}-00f067aa0ba902b7-01`, tracestate: 'a=b' }],
  ['/unsampled', { traceparent: `00-${REMOTE_TRACE}-00f067aa0ba902b8-00` }],
];

/** The spans that an application exports for the requests, and their hits. */
async function traceRequests(isTracked: boolean) {
  const exporter = new InMemorySpanExporter();
  const inspector = await startMatomo();
  const ours = isTracked ? new MatomoSpanProcessor({ url: inspector.url, siteId: 1 }) : undefined;
  const spanProcessors: SpanProcessor[] = [new SimpleSpanProcessor(exporter)];
  if (ours) {
    spanProcessors.push(ours as never);
    countAllRequests();
  }
  const { fetch, processor } = await startTracedService(
    (_request, response) => {
      trace.getTracer('shop').startActiveSpan('query', (span) => {
        span.addEvent('rows', { count: 3 }).end();
        response.end();
      });
    },
    { enabled: false },
    { spanProcessors, sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) },
  );
  for (const [path, headers] of REQUESTS) await fetch(path, { headers });
  await eventually(() => exporter.getFinishedSpans().length >= 4);
  const spans = exporter.getFinishedSpans().map(comparable); // before the inspector's own
  await Promise.all([ours?.shutdown(), processor.shutdown()]);
  for (const api of [trace, context, propagation]) api.disable(); // the test traces twice
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
  const without = await traceRequests(false);
  const { spans, hits } = await traceRequests(true);
  expect(spans).toEqual(without.spans);
  expect(hits).toHaveLength(REQUESTS.length);
});
