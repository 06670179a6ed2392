import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  // Without options it reads MATOMO_URL, MATOMO_SITE_ID and the other MATOMO_* variables.
  spanProcessors: [new MatomoSpanProcessor()],
  // Traces only: by default the SDK also sends metrics and logs to a collector.
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// The instrumentation does not see an `import` of node:http, but it sees a `require` after the start.
const { createServer } = createRequire(import.meta.url)('node:http');

const server = createServer((request, response) => {
  // A framework's instrumentation sets the route. Without a framework, set it yourself.
  trace.getActiveSpan()?.setAttribute('http.route', '/hello/:name');
  response.end(`Hello ${request.url.split('/').at(-1)}\n`);
});
server.listen(process.env.PORT ?? 3000, () => {
  console.log(`Listening on http://localhost:${server.address().port}/hello/you`);
});

process.once('SIGTERM', () => server.close(() => sdk.shutdown()));
