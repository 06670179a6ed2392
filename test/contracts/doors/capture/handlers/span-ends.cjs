const { context } = require('@opentelemetry/api');
const { getRPCMetadata } = require('@opentelemetry/core');
const { setTimeout: delay } = require('node:timers/promises');
const { annotate, trackEvent } = require('opentelemetry-matomo');

/** The SERVER span, which the HTTP instrumentation ends when the response is closed, if nobody has done so before. */
const serverSpan = () => getRPCMetadata(context.active()).span;

module.exports = {
  async 'ends its span, and answers later'() {
    serverSpan().end();
    await delay(5);
    annotate({ dimension5: 'after the span' });
    return { status: 201 };
  },
  'ends its span in the body'(exchange) {
    exchange.begin(202, { 'content-type': 'text/plain' }).write('half');
    serverSpan().end();
    setImmediate(() => {
      trackEvent('Test', 'after the span');
      exchange.end('end');
    });
  },
  'ends its span twice'() {
    serverSpan().end();
    serverSpan().end();
  },
};
