const { startNext } = require('./next-app.cjs');

// The application is built without this package.
if (process.env.EVENTS) globalThis.trackEvent = require('opentelemetry-matomo').trackEvent;
void startNext();
