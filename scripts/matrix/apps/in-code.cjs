// Sets its tracing up in its code; with REGISTER_IN_CODE it loads register there as well, behind its own.
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');

const instrumentations = [new HttpInstrumentation(), new ExpressInstrumentation()];
const sdk = new NodeSDK({ instrumentations });
sdk.start();
if (process.env.REGISTER_IN_CODE) require('opentelemetry-matomo/register');

const { createServer } = require('node:http');
const express = require('express');
const { serve } = require('./serve.cjs');

const app = express();
app.set('env', 'test');
app.get('/users/:id', (_request, response) => response.send('ok'));
app.post('/orders', (_request, response) => response.status(201).send('ok'));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
serve(createServer(app), () => sdk.shutdown());
