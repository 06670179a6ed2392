// Sets its tracing up by itself, with a hook of its own, and tells at /told what its exporter has seen.
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { setUpTracing } = require('./set-up-tracing.cjs');

let hooks = 0;
const exporter = new InMemorySpanExporter();
const spanProcessors = [new SimpleSpanProcessor(exporter)];
if (process.env.OWN_PROCESSOR) {
  const { MatomoSpanProcessor } = require('opentelemetry-matomo');
  spanProcessors.push(new MatomoSpanProcessor(JSON.parse(process.env.OWN_PROCESSOR)));
}
const provider = setUpTracing(spanProcessors, {
  requestHook: () => {
    hooks += 1;
  },
});

const { createServer } = require('node:http');
const server = createServer((request, response) => {
  if (request.url === '/flush') return provider.forceFlush().then(() => response.end('flushed'));
  if (request.url !== '/told') return response.end('ok');
  const spans = exporter.getFinishedSpans().map(({ name, kind }) => `${name} ${kind}`);
  response.end(JSON.stringify({ spans, hooks, processors: spanProcessors.length }));
});
require('./listen.cjs')(server);
