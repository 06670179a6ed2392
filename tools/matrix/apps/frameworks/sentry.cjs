// Sentry traces, and has the processor in its setup.
const Sentry = require('@sentry/node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');
const { closeSentry, isKept } = require('../sentry-stand-in.cjs');

const processor = new MatomoSpanProcessor();
Sentry.init({
  dsn: process.env.SENTRY_DSN,
  openTelemetrySpanProcessors: [processor],
  // Requests that Sentry does not sample never reach a processor. Sample all, and drop transactions before they are sent.
  tracesSampleRate: 1,
  beforeSendTransaction: (transaction) => (isKept(transaction) ? transaction : null),
});

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer(), () => closeSentry(Sentry));
