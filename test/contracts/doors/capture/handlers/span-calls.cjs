const { context, SpanKind, trace } = require('@opentelemetry/api');
const { suppressTracing } = require('@opentelemetry/core');
const { setTimeout: delay } = require('node:timers/promises');
const { annotate, ignore, trackEvent } = require('opentelemetry-matomo');

const tracer = () => trace.getTracer('app');

/** Calls within a span that may not be recorded. */
const within = (options, call) =>
  tracer().startActiveSpan('step', options, async (span) => {
    await delay(1);
    call();
    span.end();
  });

module.exports = {
  'annotates while tracing is suppressed': () =>
    context.with(suppressTracing(context.active()), () =>
      within({}, () => {
        annotate({ dimension5: 'suppressed' });
        trackEvent('Suppressed', 'event');
      }),
    ),
  'annotates in a span of any sampler': () =>
    within({}, () => {
      annotate({ dimension5: 'in a span' });
      trackEvent('Span', 'event');
    }),
  'annotates in a CLIENT span': () =>
    within({ kind: SpanKind.CLIENT }, () => annotate({ dimension5: 'in a call' })),
  'annotates two spans deep': () =>
    tracer().startActiveSpan('outer', async (outer) => {
      await within({}, () => annotate({ dimension5: 'deep' }));
      annotate({ dimension6: 'between' });
      outer.end();
      annotate({ dimension6: 'after the span' });
    }),
  'ignores in a span': () => within({}, ignore),
  'annotates with a span that ends much too late'(exchange) {
    const attributes = { 'matomo.dimension5': 'too late', 'matomo.perf_key': 'pf_dm1' };
    const span = tracer().startSpan('late', { attributes });
    exchange.longAfter(() => span.end());
  },
  'annotates with a span that begins much too late'(exchange) {
    const active = context.active();
    exchange.longAfter(() => {
      const attributes = { 'matomo.dimension5': 'too late' };
      tracer().startSpan('late', { attributes }, active).end();
    });
  },
};
