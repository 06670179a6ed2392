// Registers a provider, takes it back and registers another, with a tracer from before all of it.
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

const early = trace.getTracer('early');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const instrumentation = new HttpInstrumentation();

function registerProvider() {
  const provider = new BasicTracerProvider();
  trace.setGlobalTracerProvider(provider);
  instrumentation.setTracerProvider(provider);
}

registerProvider();
const { createServer } = require('node:http');
const server = createServer((request, response) => {
  early.startSpan('early', { attributes: { 'matomo.dimension1': 'early' } }).end();
  if (request.url === '/again') {
    trace.disable();
    registerProvider();
  }
  response.end('ok');
});
require('./listen.cjs')(server);
