// The ways in which a server can be tracked, each a function of the sink's URL and of a spool.
import { load, trackWithoutTracing } from './package.mjs';

/** Headers that the instrumentation captures, in all setups that have one. */
const CAPTURED_HEADERS = ['accept-language', 'referer'];
const BULK_HITS = 100;
const NOBODY = 'http://127.0.0.1:9';

const noop = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };

export const TRACKERS = {
  plain: () => ({}),
  noop: () => trace(noop),
  otlp: traceToCollector,
  package: (url) => traceToMatomo({ url }),
  withoutTracing(url) {
    const handle = trackWithoutTracing({ url });
    return { deliver: () => deliverAll(handle), counts: () => handle.stats() };
  },
  matomoTracker: trackByHand,
  spool: (url, spool) => traceToMatomo({ url, spool }),
  /** Hits that wait, since nobody listens there. */
  queued: () => traceToMatomo({ url: NOBODY }),
  /** Ended spans that stay, as in the queue of a BatchSpanProcessor. */
  held() {
    const spans = [];
    return trace({ ...noop, onEnd: (span) => spans.push(span) });
  },
};

/** A flush ends after five seconds, and a saturated server may have more hits, in memory or in a spool, than are sent in that time. */
export async function deliverAll(tracker) {
  for (let isLeft = true; isLeft; ) {
    await tracker.forceFlush();
    const { pending, stored, claimed } = tracker.stats();
    isLeft = pending > 0 || stored > claimed;
  }
}

export function trace(processor) {
  const { context, trace: api } = load('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
  const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http');
  const { BasicTracerProvider } = load('@opentelemetry/sdk-trace-base');
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  api.setGlobalTracerProvider(provider);
  new HttpInstrumentation({
    headersToSpanAttributes: { server: { requestHeaders: CAPTURED_HEADERS } },
  }).setTracerProvider(provider);
  const tracer = api.getTracer('bench');
  const attributes = { 'db.system.name': 'postgresql' };
  return { childSpan: () => tracer.startSpan('SELECT users', { attributes }).end() };
}

function traceToMatomo(options) {
  const { MatomoSpanProcessor } = load('opentelemetry-matomo');
  const processor = new MatomoSpanProcessor({
    siteId: 1,
    tokenAuth: 'bench',
    // One bulk is in flight at a time, so a saturated server runs ahead of it: no hit may be dropped, or it would look cheap.
    maxQueueSize: 1_000_000,
    ...options,
  });
  return {
    ...trace(processor),
    deliver: () => deliverAll(processor),
    counts: () => processor.stats(),
  };
}

/** What a team writes around matomo-tracker: bulks of as many hits as this package sends, one in flight. */
function trackByHand(url) {
  const MatomoTracker = load('matomo-tracker');
  const matomo = new MatomoTracker(1, `${url}/matomo.php`);
  const hits = [];
  const waiting = [];
  let isSending = false;
  function send() {
    if (isSending || hits.length === 0) return;
    isSending = true;
    matomo.trackBulk(hits.splice(0, BULK_HITS), () => {
      isSending = false;
      if (hits.length >= BULK_HITS || waiting.length > 0) send();
      if (!isSending) for (const done of waiting.splice(0)) done();
    });
  }
  return {
    onRequest(request, response) {
      const start = performance.now();
      response.on('finish', () => {
        const {
          host,
          referer: urlref,
          'user-agent': ua,
          'accept-language': lang,
        } = request.headers;
        const sent = { url: `http://${host}${request.url}`, ua, lang, urlref };
        sent.action_name = `${request.method} ${request.url} ${response.statusCode}`;
        sent.cip = request.socket.remoteAddress;
        sent.gt_ms = Math.round(performance.now() - start);
        hits.push(sent);
        if (hits.length >= BULK_HITS) send();
      });
    },
    async deliver() {
      send();
      if (isSending) await new Promise((resolve) => waiting.push(resolve));
    },
  };
}

function traceToCollector(sink) {
  const { BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url: `${sink}/v1/traces` });
  const counts = { ended: 0, exported: 0 };
  const batching = new BatchSpanProcessor({
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === 0) counts.exported += spans.length;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  });
  const onEnd = batching.onEnd.bind(batching);
  batching.onEnd = (span) => {
    counts.ended += 1;
    onEnd(span);
  };
  return { ...trace(batching), counts: () => counts, deliver: () => batching.forceFlush() };
}
