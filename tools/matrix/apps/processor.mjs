// The same as an ES module, with the loader hook that OpenTelemetry asks for there.
import { register } from 'node:module';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { serve } from './serve.cjs';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const exporter = new OTLPTraceExporter();
const isSdk3 = process.env.SDK.startsWith('3');
const { BatchSpanProcessor } = await import(
  isSdk3 ? '@opentelemetry/sdk-trace' : '@opentelemetry/sdk-trace-base'
);
const batch = new BatchSpanProcessor(isSdk3 ? { exporter } : exporter);
const ours = process.env.PROCESSOR === 'ours' ? [new MatomoSpanProcessor()] : [];
const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [batch, ...ours],
});
sdk.start();

const { createPlainServer } = await import('./plain-server.mjs');
serve(createPlainServer(), () => sdk.shutdown());
