// Sets up what `NodeSDK` does for traces, without the other signals and exporters, which take most of its time to load.
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

/** Before `http` is required: that is what the instrumentation replaces. */
function setUpTracing(spanProcessors = [], httpOptions = {}) {
  const provider = new BasicTracerProvider({ spanProcessors });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true, ...httpOptions });
  return provider;
}

module.exports = { setUpTracing };
