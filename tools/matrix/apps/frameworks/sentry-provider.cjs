// Sentry traces with the tracer provider of the OpenTelemetry SDK, and knows nothing of this package.
const Sentry = require('@sentry/node');
const { closeSentry, noteTransactions } = require('../sentry-stand-in.cjs');

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  openTelemetryBasicTracerProvider: true,
  tracesSampleRate: Number(process.env.SAMPLE_RATE ?? 1),
  beforeSendTransaction: (transaction) => (Math.random() < 0.1 ? transaction : null),
});

noteTransactions(Sentry);

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer(), () => closeSentry(Sentry));
