import { register } from 'node:module';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

const sdk = new NodeSDK({
  // The instrumentation of your framework adds the route.
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  metricReaders: [new PrometheusExporter()],
  spanProcessors: [new MatomoSpanProcessor()],
  logRecordProcessors: [],
});
sdk.start();

process.once('SIGTERM', async () => {
  await sdk.shutdown();
  process.exit();
});
