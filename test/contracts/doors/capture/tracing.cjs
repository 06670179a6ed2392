// OpenTelemetry's SDK 2 as an application sets it up: before it requires `http` and its framework.
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  TraceIdRatioBasedSampler,
} = require('@opentelemetry/sdk-trace-base');

const { FRAMEWORK, SAMPLER = '1', TRACING } = process.env;

/** Options in code, which requests ask for. */
const OPTIONS = {
  ignore: (request) => request.header('x-ignore') === 'yes',
  beforeSend(hit) {
    const asked = /[?&]before=(\w+)/.exec(hit.url)?.[1];
    if (asked === 'drop') return null;
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

function setUp() {
  const { MatomoSpanProcessor } = require('opentelemetry-matomo');
  const processor = TRACING === 'processor' ? new MatomoSpanProcessor(OPTIONS) : undefined;
  const provider = new BasicTracerProvider({
    sampler: samplerOf(Number(SAMPLER)),
    spanProcessors: processor ? [processor] : [],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });
  if (FRAMEWORK === 'express') new ExpressInstrumentation();
  // The processor's application ends it; `register` does so itself.
  if (processor) endWith(() => provider.shutdown(), processor);
}

/** Tells what became of every request. */
function endWith(shutdown, tracker) {
  process.once('SIGTERM', async () => {
    await shutdown();
    process.stdout.write(`stats ${JSON.stringify(tracker.stats())}\n`, () => process.exit(0));
  });
}

module.exports = { setUp, start };
