// OpenTelemetry's SDK 2 as an application sets it up: before it requires `http` and its framework.
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { KoaInstrumentation } = require('@opentelemetry/instrumentation-koa');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  TraceIdRatioBasedSampler,
} = require('@opentelemetry/sdk-trace-base');

/** What spans of each framework's routes are made by. */
const INSTRUMENTATIONS = {
  express: ExpressInstrumentation,
  'instrumented koa': KoaInstrumentation,
};

const { FRAMEWORK, SAMPLER = '1', TRACING } = process.env;

/** Options in code, which requests ask for. */
const OPTIONS = {
  ignore: (request) => request.header('x-ignore') === 'yes',
  beforeSend(hit) {
    const asked = /[?&]before=(\w+)/.exec(hit.url)?.[1];
    return asked === 'change' ? { ...hit, dimension5: 'changed' } : hit;
  },
};

function start() {
  const handle = require('opentelemetry-matomo').start(OPTIONS);
  endWith(() => handle.shutdown(), handle);
}

function samplerOf(ratio) {
  if (ratio === 0) return new AlwaysOffSampler();
  return ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

let http;
function setUp() {
  const { MatomoSpanProcessor } = require('opentelemetry-matomo');
  const processor =
    TRACING === 'processor' || TRACING === 'both' ? new MatomoSpanProcessor(OPTIONS) : undefined;
  const provider = new BasicTracerProvider({
    sampler: samplerOf(Number(SAMPLER)),
    spanProcessors: processor ? [processor] : [],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  http ??= new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });
  http.setTracerProvider(provider);
  const Instrumentation = INSTRUMENTATIONS[FRAMEWORK];
  if (Instrumentation) new Instrumentation();
  // The processor's application ends it; `register` does so itself.
  if (processor) endWith(() => provider.shutdown(), processor);
}

/** What becomes of tracing when the first request has begun. */
const AT_FIRST_REQUEST = {
  late: setUp,
  'late spans'() {
    setUp();
    require('node:http'); // instrumented now, although it was loaded before
  },
  replaced() {
    trace.disable();
    setUp();
  },
  'replaced after shutdown'() {
    const provider = trace.getTracerProvider().getDelegate();
    AT_FIRST_REQUEST.replaced();
    return provider.shutdown();
  },
  disabled: () => trace.disable(),
};

/** Tells what became of every request, at the end and when a line of input asks. */
function endWith(shutdown, tracker) {
  const tell = (then) => process.stdout.write(`stats ${JSON.stringify(tracker.stats())}\n`, then);
  process.stdin.on('data', async () => {
    await tracker.forceFlush();
    tell();
  });
  process.once('SIGTERM', async () => {
    await shutdown();
    tell(() => process.exit(0));
  });
}

module.exports = { AT_FIRST_REQUEST, setUp, start };
