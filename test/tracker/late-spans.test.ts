import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ignore, MatomoSpanExporter, MatomoSpanProcessor, trackEvent } from '../../src/index.js';
import { useFakeTime } from '../support/delivery.js';

/** How long a request that nothing announced waits after its SERVER span. */
const CHILD_SPAN_WAIT_MILLIS = 20;

useFakeTime();

const SERVER = {
  kind: SpanKind.SERVER,
  attributes: { 'http.request.method': 'POST', 'url.scheme': 'http', 'url.path': '/' },
};

/** The hit of a request whose child span ends so long after its SERVER span. */
async function hitOfChildEndingAfter(millis: number) {
  const hits: Record<string, string>[] = [];
  const processor = new MatomoSpanProcessor({
    url: 'http://127.0.0.1:9',
    siteId: 1,
    scheduledDelayMillis: 1,
    beforeSend(parameters) {
      hits.push(parameters);
      return parameters;
    },
  });
  onTestFinished(() => {
    vi.useRealTimers();
    return processor.shutdown();
  });
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test');
  const server = tracer.startSpan('GET', SERVER, ROOT_CONTEXT);
  const child = tracer.startSpan('handler', {}, trace.setSpan(ROOT_CONTEXT, server));
  server.end();
  await vi.advanceTimersByTimeAsync(millis);
  const madeBefore = hits.length;
  child.setAttribute('matomo.dimension1', 'late').end();
  await vi.advanceTimersByTimeAsync(CHILD_SPAN_WAIT_MILLIS);
  const [hit] = hits;
  const { unused } = processor.stats().spans;
  return { madeBefore, dimension: hit?.dimension1, unused };
}

test('what a child span says counts if it ends less than 20 ms after the SERVER span', async () => {
  expect(await hitOfChildEndingAfter(19)).toEqual({ madeBefore: 0, dimension: 'late', unused: 0 });
});

test('what a child span says after that does not reach the hit, which is made by then, and is counted', async () => {
  expect(await hitOfChildEndingAfter(21)).toEqual({
    madeBefore: 1,
    dimension: undefined,
    unused: 1,
  });
});

test.each([
  ['ignore()', 'attribute', () => ignore()],
  [
    'a span of MCP',
    'mcp',
    () => {
      const attributes = { 'mcp.method.name': 'tools/list' };
      trace.getTracer('mcp').startSpan('list', { attributes }).end();
    },
  ],
] as const)(
  'a page view is not made if %s follows the end of its request within 20 ms, and its event is',
  async (_what, reason, act) => {
    const processor = new MatomoSpanProcessor({ url: 'http://127.0.0.1:9', siteId: 1 });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    trace.setGlobalTracerProvider(provider);
    onTestFinished(() => {
      trace.disable();
      context.disable();
      vi.useRealTimers();
      return processor.shutdown();
    });
    const server = provider.getTracer('test').startSpan('GET', SERVER, ROOT_CONTEXT);
    const inRequest = (run: () => void) => context.with(trace.setSpan(ROOT_CONTEXT, server), run);
    inRequest(() => trackEvent('at', 'once'));
    server.end();
    const before = processor.stats();
    inRequest(act);
    await vi.advanceTimersByTimeAsync(CHILD_SPAN_WAIT_MILLIS);
    const after = processor.stats();
    expect(before).toMatchObject({ hits: 0, pending: 0, ignored: { [reason]: 0 } });
    expect(after).toMatchObject({ hits: 1, additionalHits: 1, ignored: { [reason]: 1 } });
  },
);

const DELAY_MILLIS = 1000;

test.each([
  ['long before', DELAY_MILLIS - 1, 0],
  ['after', 0, 1],
])(
  'an event that was tracked %s the end of its request is not sent before the page view',
  async (_when, millisBefore, millisAfter) => {
    const made: string[] = [];
    const processor = new MatomoSpanProcessor({
      url: 'http://127.0.0.1:9',
      siteId: 1,
      scheduledDelayMillis: DELAY_MILLIS,
      maxExportBatchSize: 1, // looks for a hit that is final all the time
      beforeSend(parameters) {
        made.push(parameters.e_c ?? 'page view');
        return parameters;
      },
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    onTestFinished(() => {
      context.disable();
      vi.useRealTimers();
      return processor.shutdown();
    });
    const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test');
    const server = tracer.startSpan('GET', SERVER, ROOT_CONTEXT);
    const track = () =>
      context.with(trace.setSpan(ROOT_CONTEXT, server), () =>
        trackEvent('event', 'of the request'),
      );
    if (millisBefore > 0) track();
    await vi.advanceTimersByTimeAsync(millisBefore);
    server.end();
    await vi.advanceTimersByTimeAsync(millisAfter);
    if (millisAfter > 0) track();
    await vi.advanceTimersByTimeAsync(2 * DELAY_MILLIS);
    expect(made).toEqual(['page view', 'event']);
  },
);

test('a processor and an exporter count spans with something for Matomo that belong to no request, and no others', async () => {
  vi.useRealTimers();
  const options = { url: 'http://127.0.0.1:9', siteId: 1 };
  const processor = new MatomoSpanProcessor(options);
  const exporter = new MatomoSpanExporter(options);
  const spanProcessors = [processor, new SimpleSpanProcessor(exporter)];
  const tracer = new BasicTracerProvider({ spanProcessors }).getTracer('test');
  const call = { kind: SpanKind.SERVER, attributes: { 'rpc.system': 'grpc' } };
  tracer.startSpan('call', call).end(); // the first SERVER span begins the tracker
  tracer.startSpan('annotated', { attributes: { 'matomo.uid': 'ann' } }).end();
  tracer.startSpan('failed').setStatus({ code: SpanStatusCode.ERROR }).end();
  tracer.startSpan('plain', { attributes: { 'http.route': '/a' } }).end();
  tracer
    .startSpan('hit')
    .addEvent('matomo.hit', { 'matomo.e_c': 'a', 'matomo.e_a': 'b', 'matomo.uid': 'ann' })
    .end();
  tracer.startSpan('call', call).end();
  tracer.startSpan('call', call).setAttribute('matomo.uid', 'ann').end();
  await processor.forceFlush(); // ends requests that wait for spans below
  for (const component of [processor, exporter]) {
    expect(component.stats()).toMatchObject({ hits: 1, spans: { unused: 3 } });
    await component.shutdown();
  }
});
