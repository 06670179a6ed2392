// A server in a worker thread, or with MAIN in the main thread, that tracks hits besides page views. `/bind` keeps the context of its
// request, in which `/now` tracks an event. `/exit` ends the process. With OWN_PROCESSOR, the main thread has a processor that decides
// by attributes of the span, and whose statistics are printed at the end with PRINT_STATS.
const { AsyncResource } = require('node:async_hooks');
const { createServer } = require('node:http');
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');
const { trace } = require('@opentelemetry/api');
const { MatomoSpanProcessor, annotate, trackEvent, trackHit } = require('opentelemetry-matomo');

/** A context of no request. */
const outside = new AsyncResource('outside');
let bound = outside;
/** Begins in one request and ends in another. */
let longSpan;

/** JSON cannot write it, and no thread can receive its function. */
const circular = { method: () => 1 };
circular.self = circular;

function trackMany(count, parameters) {
  for (let n = 1; n <= count; n += 1) trackEvent('many', `event ${n}`, parameters);
}

/** What happens before the response is sent. */
const ROUTES = {
  '/stream': (response) => {
    trackEvent('in', 'stream');
    response.write('open');
  },
  '/user-stream': (response) => {
    trace
      .getTracer('user')
      .startSpan('login', { attributes: { 'matomo.uid': 'ann' } })
      .end();
    annotate({ dimension1: 'noted' });
    trackEvent('in', 'stream');
    response.write('open');
  },
  '/unsampled': () => trackEvent('in', 'unsampled'),
  '/call': () =>
    outside.runInAsyncScope(() => {
      const options = { kind: 1, root: true, attributes: { 'rpc.system': 'grpc' } };
      trace.getTracer('rpc').startActiveSpan('call', options, (span) => {
        trackEvent('in', 'call', { uid: 'ann' });
        trackEvent('in', 'call of nobody');
        span.end();
      });
    }),
  '/bind': () => {
    bound = new AsyncResource('bound');
  },
  '/now': () => bound.runInAsyncScope(() => trackEvent('after', 'request')),
  '/many': () => {
    bound = new AsyncResource('bound');
    trackMany(100);
  },
  '/one-more': () =>
    bound.runInAsyncScope(() => {
      trackEvent('one more', 'of nobody');
      trackEvent('one more', 'named', { uid: 'ann' });
    }),
  '/begin-span': () => {
    longSpan = trace.getTracer('long').startSpan('long', { attributes: { 'matomo.uid': 'ann' } });
  },
  '/end-span': () => longSpan.end(),
  '/odd': () => {
    annotate({ dimension1: () => 1, dimension2: 'kept', cvar: { odd: circular, plan: 'pro' } });
    trackEvent('odd', 'name', { name: circular });
    trackHit({ e_c: 'odd', e_a: () => 1 });
    trackHit({ e_c: 'odd', e_a: 'kind', e_v: Symbol('odd') });
    trackEvent('odd', 'nothing');
  },
  '/broken-span': () => {
    const span = trace.getTracer('broken').startSpan('broken');
    Object.defineProperty(span, 'attributes', { get: fail });
    span.end();
  },
  '/broken-response': (response) => {
    response.getHeader = fail;
  },
  '/broken-request': (_response, request) => {
    Object.defineProperty(request, 'headers', { get: fail });
  },
  '/exit': (response) => response.on('close', () => parentPort.postMessage('exit')),
};

function fail() {
  throw new Error('broken');
}

if (process.env.SHORT_JOB) {
  runShortJob();
} else if (isMainThread && !process.env.MAIN) {
  if (process.env.OWN_PROCESSOR) {
    const { NodeSDK } = require('@opentelemetry/sdk-node');
    const siteId = ({ attributes }) => (Object.keys(attributes).length > 0 ? 1 : undefined);
    const processor = new MatomoSpanProcessor({ siteId });
    new NodeSDK({ spanProcessors: [processor] }).start();
    if (process.env.PRINT_STATS) {
      process.on('exit', () => process.stdout.write(JSON.stringify(processor.stats())));
    }
  }
  new Worker(__filename).on('message', () => process.exit(3));
} else {
  if (process.env.OWN_PROCESSOR) require('./traced.cjs');
  const server = createServer((request, response) => {
    ROUTES[request.url]?.(response, request);
    if (!response.headersSent) response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
}

/** A worker that tracks an event and ends while the main thread is blocked, which then ends the process at once. */
function runShortJob() {
  if (isMainThread) {
    const hasEnded = new Int32Array(new SharedArrayBuffer(4));
    new Worker(__filename, { workerData: hasEnded })
      .on('online', () => Atomics.wait(hasEnded, 0, 0))
      .on('exit', () => process.exit());
    return;
  }
  trackEvent('short', 'job', { uid: 'ann' });
  process.on('exit', () => {
    Atomics.store(workerData, 0, 1);
    Atomics.notify(workerData, 0);
  });
}
