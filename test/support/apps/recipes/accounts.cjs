// Sets its tracing up by itself: the parts of it are on docs/titles.md.
const { setTimeout: delay } = require('node:timers/promises');
const { trace } = require('@opentelemetry/api');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor, annotate, forRequest, measure } = require('opentelemetry-matomo');

const USERS = { 'key-of-ada': { id: 'u-17', plan: 'pro' } };

const processor = new MatomoSpanProcessor({
  actionName: ({ method, route, path }) => `API / ${method} ${route ?? path}`,
  routeDetails: {
    'POST /orders': { action_name: 'Checkout', cvar: { area: 'shop' } },
    '/about': { action_name: 'About us' },
  },
  userId: 'enduser.id',
});

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [processor],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();
const tracer = trace.getTracer('accounts');

const express = require('express');
const app = express();

const authenticate = (request, _response, next) => {
  const user = USERS[request.get('X-Api-Key')];
  if (user) trace.getActiveSpan()?.setAttribute('enduser.id', user.id);
  next();
};

const authenticateAndTrack = (request, _response, next) => {
  const user = USERS[request.get('X-Api-Key')];
  if (user) annotate({ uid: user.id, dimension5: user.plan });
  next();
};

app.get('/about', (_request, response) => response.send('about'));
app.get('/users/:id', (_request, response) => response.send('ok'));
app.post('/orders', authenticate, (_request, response) => response.send('created'));

app.get('/invoices/:id', authenticateAndTrack, async (request, response) => {
  const invoice = await measure('pf_dm1', () => loadInvoice(request.params.id));
  const page = measure('pf_dm2', () => render(invoice));
  response.send(page);
});

app.get('/invoices/:id/pdf', (request, response) => {
  annotate({ e_c: 'Invoices', e_a: 'Download', e_n: request.params.id });
  response.send('pdf');
});

app.get('/prices/:id', (request, response) => {
  const { annotate, measure } = forRequest(request);
  cache.get(request.params.id, (_error, price) => {
    annotate({ cvar: { cache: price === null ? 'miss' : 'hit' } });
    response.send(measure('pf_dm2', () => render({ id: price })));
  });
});

app.get('/reports', (_request, response) => {
  const attributes = { 'matomo.perf_key': 'pf_dm1' };
  tracer.startActiveSpan('load report', { attributes }, async (span) => {
    await delay(20);
    span.setAttribute('matomo.action_name', 'Report');
    span.end();
    response.send('report');
  });
});

const cache = { get: (_key, callback) => setImmediate(callback, null, '9.90') };
const loadInvoice = (id) => delay(20, { id });
const render = ({ id }) => `Invoice ${id}`;

const server = app.listen(process.env.PORT, '127.0.0.1', () =>
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`),
);
process.once('SIGTERM', () => server.close(() => sdk.shutdown()));
