// What is loaded and set up beside tracing: `load.cjs otlp|package|preload`. Sends milliseconds, and how many modules of undici came with it.
const { performance } = require('node:perf_hooks');

require('node:http');
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');

const LOADERS = {
  otlp() {
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
    return new BatchSpanProcessor(new OTLPTraceExporter({ url: 'http://127.0.0.1:9/v1/traces' }));
  },
  /** In a process that serves. */
  package() {
    process.env.MATOMO_URL = 'http://127.0.0.1:9';
    process.env.MATOMO_SITE_ID = '1';
    require('opentelemetry-matomo/register');
    require('node:http').createServer().listen(0, '127.0.0.1');
  },
  /** In any other process that has it in NODE_OPTIONS. */
  preload: () => require('opentelemetry-matomo/register'),
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider());
new HttpInstrumentation();

const begun = performance.now();
LOADERS[process.argv[2]]();
const millis = performance.now() - begun;
const isUndici = (file) => /[\\/]node_modules[\\/]undici[\\/]/.test(file);
process.on('disconnect', () => process.exit());
setImmediate(() =>
  process.send({ millis, undici: Object.keys(require.cache).filter(isUndici).length }),
);
