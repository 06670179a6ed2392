// Knows nothing of OpenTelemetry, until `/register` sets tracing up. Below `/api`, requests have SERVER spans.
const { once } = require('node:events');
const { createServer } = require('node:http');
const { ignore } = require('opentelemetry-matomo');

const delay = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** As an application that finds its configuration late. */
function registerProvider() {
  const { trace } = require('@opentelemetry/api');
  const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
  trace.setGlobalTracerProvider(new BasicTracerProvider({}));
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
  if (request.url.startsWith('/api/')) return answerWithSpan(request, response);
  if (request.url === '/register') registerProvider();
  if (request.url === '/ignored') ignore();
  response.end('ok');
});
require('./listen.cjs')(server);
