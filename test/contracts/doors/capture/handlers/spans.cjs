const { context, ROOT_CONTEXT, SpanKind, trace } = require('@opentelemetry/api');
const { setTimeout: delay } = require('node:timers/promises');
const { annotate, trackEvent } = require('opentelemetry-matomo');

const tracer = () => trace.getTracer('app');
const active = () => trace.getActiveSpan();

/** A step with a span of its own. */
const step = (attributes, run, options = {}) =>
  tracer().startActiveSpan('step', { attributes, ...options }, async (span) => {
    try {
      return await run(span);
    } finally {
      span.end();
    }
  });

module.exports = {
  async 'annotates with a child span'() {
    await step({ 'matomo.perf_key': 'pf_dm1', 'matomo.dimension5': 'child' }, async (span) => {
      await delay(1);
      span.setAttribute('matomo.action_name', 'Report');
    });
  },
  'annotates with its span'() {
    active().setAttribute('matomo.dimension5', 'span');
    active().setAttribute('matomo.action_name', 'Span');
  },
  'tracks with a span event'() {
    active().addEvent('matomo.hit', { 'matomo.e_c': 'Span', 'matomo.e_a': 'event' });
  },
  'sets its route on the span'() {
    active().setAttribute('http.route', '/set/:by/span');
  },
  async 'has a nested SERVER span'({ request }) {
    const attributes = { 'http.request.method': request.method, 'url.path': '/inner' };
    await step(
      { ...attributes, 'matomo.dimension5': 'nested' },
      async () => {
        await delay(1);
        annotate({ dimension6: 'in nested' });
        trackEvent('Nested', 'event');
      },
      { kind: SpanKind.SERVER },
    );
  },
  /** Not awaited: the job runs while the request is open, and after it. */
  async 'starts a job'() {
    await new Promise((resolve) =>
      context.with(ROOT_CONTEXT, () =>
        step({ 'matomo.perf_key': 'pf_dm1', 'matomo.dimension6': 'job' }, async () => {
          await delay(1);
          await step({ 'matomo.perf_key': 'pf_dm2', 'matomo.dimension6': 'step' }, () => delay(1));
          annotate({ dimension5: 'of the job' });
          resolve();
        }),
      ),
    );
  },
  async 'annotates in a child span'() {
    await step({}, async () => {
      await delay(1);
      annotate({ dimension5: 'in a child' });
      trackEvent('Child', 'event');
    });
  },
  'has a span that ends late'(exchange) {
    const attributes = { 'matomo.perf_key': 'pf_dm1', 'matomo.dimension5': 'late' };
    const span = tracer().startSpan('late', { attributes });
    exchange.longAfter(() => {
      span.end();
      trackEvent('Late', 'span');
    });
  },
};
