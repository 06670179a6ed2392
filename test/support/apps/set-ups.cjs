// Sets its tracing up as SETUP says: as libraries do it that leave `register` nothing to join.
const { context, DiagConsoleLogger, DiagLogLevel, diag, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

const instrumentation = new HttpInstrumentation({
  requestHook: (span) => span.setAttribute('matomo.dimension1', 'span'),
});

function registerProvider(api = trace, options = {}) {
  const provider = new BasicTracerProvider(options);
  api.setGlobalTracerProvider(provider);
  instrumentation.setTracerProvider(provider);
  return provider;
}

const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');
const SETUPS = {
  // As useAzureMonitor() of @azure/monitor-opentelemetry, which has a copy of the API of its own.
  'deletes-the-global': () => {
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    delete globalThis[API_GLOBAL];
    for (const file of Object.keys(require.cache)) {
      if (/node_modules.@opentelemetry.api.build/.test(file)) delete require.cache[file];
    }
    registerProvider(require('@opentelemetry/api').trace);
  },
  // As startNodeSdk() of SDK 3 with OTEL_TRACES_EXPORTER=none.
  'context-only': () => {
    diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.INFO);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  },
  nothing: () => undefined,
};
SETUPS[process.env.SETUP ?? 'nothing']();

const server = require('node:http').createServer((_request, response) => response.end('ok'));
require('./listen.cjs')(server);
