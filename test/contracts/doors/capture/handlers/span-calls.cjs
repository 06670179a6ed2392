const { context, trace } = require('@opentelemetry/api');
const { suppressTracing } = require('@opentelemetry/core');
const { setTimeout: delay } = require('node:timers/promises');
const { annotate, trackEvent } = require('opentelemetry-matomo');

const tracer = () => trace.getTracer('app');

/** Calls within a span that may not be recorded. */
const within = (call) =>
  tracer().startActiveSpan('step', async (span) => {
    await delay(1);
    call();
    span.end();
  });

module.exports = {
  'annotates while tracing is suppressed': () =>
    context.with(suppressTracing(context.active()), () =>
      within(() => {
        annotate({ dimension5: 'suppressed' });
        trackEvent('Suppressed', 'event');
      }),
    ),
  'annotates two spans deep': () =>
    tracer().startActiveSpan('outer', async (outer) => {
      await within(() => {
        annotate({ dimension5: 'deep' });
        trackEvent('Deep', 'event');
      });
      annotate({ dimension6: 'between' });
      outer.end();
      annotate({ dimension6: 'after the span' });
    }),
  'annotates with a span that ends much too late'(exchange) {
    const attributes = { 'matomo.dimension5': 'too late', 'matomo.perf_key': 'pf_dm1' };
    const span = tracer().startSpan('late', { attributes });
    exchange.longAfter(() => span.end());
  },
};
