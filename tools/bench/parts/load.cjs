// What is loaded and set up beside tracing: `load.cjs otlp|package|preload`. Sends milliseconds.
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { performance } = require('node:perf_hooks');

const load = createRequire(join(process.env.BENCH_PACKAGE, 'package.json'));
require('node:http');
const { context, trace } = load('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http');
const { BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');

const LOADERS = {
  otlp() {
    const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-proto');
    return new BatchSpanProcessor(new OTLPTraceExporter({ url: 'http://127.0.0.1:9/v1/traces' }));
  },
  /** In a process that serves. */
  package() {
    process.env.MATOMO_URL = 'http://127.0.0.1:9';
    process.env.MATOMO_SITE_ID = '1';
    load('opentelemetry-matomo/register');
    require('node:http').createServer().listen(0, '127.0.0.1');
  },
  /** In any other process that has it in NODE_OPTIONS. */
  preload: () => load('opentelemetry-matomo/register'),
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider());
new HttpInstrumentation();

const begun = performance.now();
LOADERS[process.argv[2]]();
const millis = performance.now() - begun;
process.on('disconnect', () => process.exit());
setImmediate(() => process.send({ millis }));
