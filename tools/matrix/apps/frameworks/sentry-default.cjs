// Sentry traces with its own tracer provider, which accepts no span processors.
const Sentry = require('@sentry/node');
const { closeSentry, noteTransactions } = require('../sentry-stand-in.cjs');

Sentry.init({ dsn: process.env.SENTRY_DSN, tracesSampleRate: 1 });

noteTransactions(Sentry);

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer(), () => closeSentry(Sentry));
