// Sets its tracing up as SETUP says: as libraries do it that leave `register` nothing to join. Its server speaks HTTP, or what SERVER says.
const { context, DiagConsoleLogger, DiagLogLevel, diag, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const {
  AlwaysOffSampler,
  BasicTracerProvider,
  NoopSpanProcessor,
} = require('@opentelemetry/sdk-trace-base');

const instrumentation = new HttpInstrumentation({
  requestHook: (span) => span.setAttribute('matomo.dimension1', 'span'),
});

function registerProvider(api = trace, options = {}) {
  const provider = new BasicTracerProvider(options);
  api.setGlobalTracerProvider(provider);
  instrumentation.setTracerProvider(provider);
  return provider;
}

const replaceProcessors = (provider) => {
  provider._activeSpanProcessor._spanProcessors = [new NoopSpanProcessor()];
};

const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');
let provider;
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
  'replaces-processors': () => replaceProcessors(registerProvider()),
  'replaces-processors-later': () => {
    provider = registerProvider();
  },
  'samples-nothing': () => registerProvider(trace, { sampler: new AlwaysOffSampler() }),
  // As startNodeSdk() of SDK 3 with OTEL_TRACES_EXPORTER=none.
  'context-only': () => {
    diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.INFO);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  },
  nothing: () => undefined,
};
SETUPS[process.env.SETUP ?? 'nothing']();

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const tls = (name) => readFileSync(join(__dirname, '../../fixtures/tls', name));
const listener = (request, response) => {
  if (request.url === '/replace') replaceProcessors(provider);
  response.end('ok');
};
const SERVERS = {
  http: () => require('node:http').createServer(listener),
  http2: () => require('node:http2').createServer(listener),
  'http2-and-1': () => {
    const options = { allowHTTP1: true, cert: tls('server.pem'), key: tls('server.key') };
    return require('node:http2').createSecureServer(options, listener);
  },
};
const server = SERVERS[process.env.SERVER ?? 'http']();
require('./listen.cjs')(server);
