import { register } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

// With this hook, OpenTelemetry sees a server that imports node:http.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [new MatomoSpanProcessor({ exitFlush: true })],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, async () => {
    await sdk.shutdown();
    process.exit();
  });
