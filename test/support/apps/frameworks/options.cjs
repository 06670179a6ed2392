// Sets its tracing up by itself, with options in code.
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HEALTH_CHECKERS, MatomoSpanProcessor } = require('opentelemetry-matomo');

const processor = new MatomoSpanProcessor({
  ignoredMethods: ['OPTIONS'],
  ignorePaths: ['/ready', '/live'],
  ignoreUserAgents: [...HEALTH_CHECKERS, /^acme-probe\//],
});

new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [processor],
  metricReaders: [],
  logRecordProcessors: [],
}).start();

const { createServer } = require('node:http');
const server = createServer((_request, response) => response.end('ok'));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
