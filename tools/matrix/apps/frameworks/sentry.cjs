// Sentry traces, and has the processor in its setup.
const Sentry = require('@sentry/node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');
const { closeSentry, noteTransactions } = require('../sentry-stand-in.cjs');

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  openTelemetrySpanProcessors: [new MatomoSpanProcessor()],
  // Sentry passes the processor only requests that it records: record all, and send a tenth of their transactions to Sentry.
  tracesSampleRate: 1,
  beforeSendTransaction: (transaction) => (Math.random() < 0.1 ? transaction : null),
});

noteTransactions(Sentry);

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer(), () => closeSentry(Sentry));
