// Loaded with --import before sentry-esm.mjs: Sentry traces, and has the processor in its setup.
import * as Sentry from '@sentry/node';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { noteTransactions } from '../sentry-stand-in.cjs';

Sentry.init({
  dsn: process.env.SENTRY_DSN,
  openTelemetrySpanProcessors: [new MatomoSpanProcessor()],
  // For attributes on spans of every request: sample all, and send a tenth of the transactions to Sentry.
  tracesSampleRate: 1,
  beforeSendTransaction: (transaction) => (Math.random() < 0.1 ? transaction : null),
});

noteTransactions(Sentry);
