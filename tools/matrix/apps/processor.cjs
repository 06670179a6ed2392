// Lists the processor in its own setup, beside the exporter that it has anyway.
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

const exporter = new OTLPTraceExporter();
const isSdk3 = process.env.SDK.startsWith('3');
const { BatchSpanProcessor } = require(
  isSdk3 ? '@opentelemetry/sdk-trace' : '@opentelemetry/sdk-trace-base',
);
const batch = new BatchSpanProcessor(isSdk3 ? { exporter } : exporter);
const ours = process.env.PROCESSOR === 'ours' ? [new MatomoSpanProcessor()] : [];
const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  spanProcessors: [batch, ...ours],
});
sdk.start();

const { createExpressServer } = require('./express-app.cjs');
const { serve } = require('./serve.cjs');

serve(createExpressServer(), () => sdk.shutdown());
