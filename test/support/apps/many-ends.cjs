// Knows nothing of OpenTelemetry. Its requests end in different ways, as their paths say; `/register` sets tracing up.
const { once } = require('node:events');
const { createServer } = require('node:http');
const {
  annotate,
  ignore,
  MatomoSpanProcessor,
  measure,
  trackEvent,
} = require('opentelemetry-matomo');

const delay = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

const HANDLERS = {
  '/tracked': async (_request, response) => {
    annotate({ action_name: 'Checkout', dimension5: 'pro', cvar: { plan: 'pro' } });
    await delay(1);
    response.end('ok');
  },
  '/measured': async (_request, response) => {
    await measure('pf_dm1', () => delay(20));
    response.end('ok');
  },
  '/event': (_request, response) => {
    trackEvent('Cart', 'open');
    response.end('ok');
  },
  '/ignored': (_request, response) => {
    ignore();
    response.end('ok');
  },
  '/missing': (_request, response) => response.writeHead(404).end('nothing here'),
  '/waits': (_request, response) => response.write('half'),
  '/destroyed': (_request, response) => response.destroy(),
  '/late': (_request, response) => {
    response.end('ok');
    annotate({ dimension5: 'late' });
  },
  '/register': async (_request, response) => {
    registerProvider();
    response.end('ok');
  },
};

/** As an application that finds its configuration late. */
function registerProvider() {
  const { trace } = require('@opentelemetry/api');
  const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
  const spanProcessors = process.env.OWN_PROCESSOR ? [new MatomoSpanProcessor()] : [];
  const provider = new BasicTracerProvider({ spanProcessors });
  trace.setGlobalTracerProvider(provider);
  if (!process.env.INSTRUMENTED) return;
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
  const requestHook = (span) => span.setAttribute('matomo.dimension6', 'span');
  const instrumentation = new HttpInstrumentation({
    requestHook,
    ignoreIncomingRequestHook: ({ url }) => url === '/hidden',
  });
  instrumentation.setTracerProvider(provider);
  require('node:http');
}

/** As a framework's own instrumentation that sees a part of the application. Its span ends, or gets its attributes, later. */
async function answerWithSpan(request, response) {
  const { trace } = require('@opentelemetry/api');
  const attributes = {
    'http.request.method': request.method,
    'url.path': request.url,
    'matomo.dimension6': 'span',
  };
  const tracer = trace.getTracer('framework');
  const isBare = request.url.startsWith('/api/bare/');
  const span = tracer.startSpan('api', isBare ? { kind: 1 } : { kind: 1, attributes });
  if (request.url === '/api/bare/at-once') span.setAttributes(attributes);
  response.end('ok');
  await once(response, 'close');
  await delay(1);
  if (request.url === '/api/bare/at-end') span.setAttributes(attributes);
  span.end();
}

const server = createServer((request, response) => {
  globalThis.advanceClock?.(10_000); // every handler takes its time
  const handle = request.url.startsWith('/api/')
    ? answerWithSpan
    : HANDLERS[request.url.split('?')[0]];
  if (handle) handle(request, response);
  else response.end('ok');
});
server.on('checkContinue', (request, response) => {
  response.writeContinue();
  request.resume().on('end', () => response.end('ok'));
});
require('./listen.cjs')(server);
