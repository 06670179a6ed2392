// Starts a SERVER span for each request, which never ends. At `/exit`, the process ends by `process.exit` once the response is closed.
const { createServer } = require('node:http');
const { trace } = require('@opentelemetry/api');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

trace.setGlobalTracerProvider(new BasicTracerProvider());

const server = createServer((request, response) => {
  const attributes = { 'http.request.method': 'GET', 'url.path': request.url };
  trace.getTracer('application').startSpan('unended', { kind: 1, attributes });
  if (request.url === '/exit') response.once('close', () => process.exit());
  response.end();
});
require('./listen.cjs')(server);
