// Sets its tracing up in its code, and loads register there as well where it is told to.
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
});
if (process.env.REGISTER === 'before') require('opentelemetry-matomo/register');
sdk.start();
if (process.env.REGISTER === 'after') require('opentelemetry-matomo/register');

const { createExpressServer } = require('./express-app.cjs');
const { serve } = require('./serve.cjs');

serve(createExpressServer(), () => sdk.shutdown());
