// The ways in which a server can be tracked, each a function of the sink's URL and of a folder.
import { setTimeout as sleep } from 'node:timers/promises';

/** Headers that the instrumentation captures, in all setups that have one. */
const CAPTURED_HEADERS = ['accept-language', 'referer'];
const BATCH = 512; // spans in a batch of the BatchSpanProcessor
const LARGE_QUEUE = 400_000;
const NOBODY = 'http://127.0.0.1:9';

const noop = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

export const TRACKERS = {
  plain: () => ({}),
  noop: () => trace(noop),
  otlp: (sink) => traceToCollector(sink, {}),
  otlpLarge: (sink) => traceToCollector(sink, { maxQueueSize: LARGE_QUEUE }),
  package: (sink) => traceToMatomo({ url: sink }),
  /** In a process that finds no SDK. */
  withoutTracing: async (sink) => {
    const { start } = await import('opentelemetry-matomo');
    const handle = start({ url: sink, siteId: 1, tokenAuth: 'bench', maxQueueSize: LARGE_QUEUE });
    return { deliver: () => handle.forceFlush(), counts: () => handle.stats() };
  },
  /** The load consists of GET requests: what is read at their end is what a framework leaves of a POST. */
  packageBody: async (sink) => ({
    ...(await traceToMatomo({ url: sink })),
    onRequest: (request) => Object.assign(request, { method: 'POST', body: createCall() }),
  }),
  /** Behind a proxy, which sends the addresses of visitors. */
  proxied: (sink) => traceToMatomo({ url: sink, trustProxy: 1 }),
  spool: (sink, spool) => traceToMatomo({ url: sink, spool }),
  /** Hits that wait, since nobody listens there. */
  queued: () => traceToMatomo({ url: NOBODY }),
  /** Ended spans that stay, as in the queue of a BatchSpanProcessor. */
  held: () => {
    const spans = [];
    return trace({ ...noop, onEnd: (span) => spans.push(span) });
  },
  floor: async (sink) => {
    const { createFloor } = await import('./floor.mjs');
    const processor = createFloor(sink);
    return { ...(await trace(processor)), deliver: () => processor.forceFlush() };
  },
  matomoTracker: async (sink) => {
    const { default: MatomoTracker } = await import('matomo-tracker');
    const tracker = new MatomoTracker(1, `${sink}/matomo.php`);
    return { onRequest: (request) => tracker.track(toEvent(request)) };
  },
};

function createCall() {
  return { jsonrpc: '2.0', id: 1, method: 'orders.list', params: [1, 2] };
}

/** What a middleware knows of a request. */
function toEvent({ url, headers }) {
  return {
    url: `https://${headers.host}${url}`,
    action_name: `GET ${url}`,
    ua: headers['user-agent'],
    lang: headers['accept-language'],
    urlref: headers.referer,
    apiv: 1,
    send_image: 0,
    cdt: Math.floor(Date.now() / 1000),
    cvar: JSON.stringify({ 1: ['http_status_code', '200'], 2: ['http_method', 'GET'] }),
    pf_srv: 1,
    _id: '0123456789abcdef',
  };
}

async function trace(processor) {
  const [{ context, trace: api }, { AsyncLocalStorageContextManager }, http, sdk] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/instrumentation-http'),
      import('@opentelemetry/sdk-trace-base'),
    ]);
  const provider = new sdk.BasicTracerProvider({ spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.setGlobalTracerProvider(provider);
  new http.HttpInstrumentation({
    headersToSpanAttributes: { server: { requestHeaders: CAPTURED_HEADERS } },
  }).setTracerProvider(provider);
  const tracer = api.getTracer('bench');
  const attributes = { 'db.system.name': 'postgresql' };
  return { childSpan: () => tracer.startSpan('SELECT users', { attributes }).end() };
}

async function traceToMatomo(options) {
  const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
  // One request is in flight at a time, so a saturated server runs ahead of it: no hit may be dropped, or it would look cheap.
  const room = { maxQueueSize: 1_000_000 };
  const processor = new MatomoSpanProcessor({
    siteId: 1,
    tokenAuth: 'bench',
    ...room,
    ...options,
  });
  return {
    ...(await trace(processor)),
    deliver: () => processor.forceFlush(),
    counts: () => processor.stats(),
  };
}

async function traceToCollector(sink, options) {
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url: `${sink}/v1/traces` });
  const counts = { ended: 0, exported: 0 };
  const counting = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === 0) counts.exported += spans.length;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  const batching = new BatchSpanProcessor(counting, options);
  const onEnd = batching.onEnd.bind(batching);
  batching.onEnd = (span) => {
    counts.ended += 1;
    onEnd(span);
  };
  return {
    ...(await trace(batching)),
    counts: () => ({ ...counts }),
    async deliver() {
      // It exports all batches of a flush at once, and fails when they are more than its exporter takes.
      const isLong = () => counts.ended - counts.exported >= BATCH;
      while (options.maxQueueSize !== undefined && isLong()) await sleep(20);
      await batching.forceFlush();
    },
  };
}
