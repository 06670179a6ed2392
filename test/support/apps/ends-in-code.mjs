// Sets its tracing up in its own code, with the ES module build of this package and options as JSON in OPTIONS. Ends as `ends.cjs` does.
import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [new MatomoSpanProcessor(JSON.parse(process.env.OPTIONS ?? '{}'))],
  metricReaders: [],
  logRecordProcessors: [],
}).start();
createRequire(import.meta.url)('./ends.cjs');
