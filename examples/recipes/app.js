const express = require('express');
const { annotate, trackGoal } = require('opentelemetry-matomo');

/** In your service, these are in a database. */
const CUSTOMERS = { 'key-of-acme': 'acme', 'key-of-globex': 'globex' };
const PAYING = new Set(['acme']);
const SIGN_UP_GOAL = 1;

const app = express();

app.use((request, _response, next) => {
  const customer = CUSTOMERS[request.get('X-Api-Key')];
  if (customer) annotate({ uid: customer });
  next();
});

app.use((request, _response, next) => {
  const customer = CUSTOMERS[request.get('X-Api-Key')];
  if (customer) annotate({ dimension5: PAYING.has(customer) ? 'paying' : 'free' });
  next();
});

app.get('/users/:id', (request, response) => {
  response.json({ id: request.params.id });
});

app.get('/v1/users/:id', (request, response) => {
  response.set('Deprecation', '@1767225600');
  response.json({ user: request.params.id });
});

app.get('/reports/daily', () => {
  throw new Error('the database is down');
});

app.post('/sign-ups', (_request, response) => {
  trackGoal(SIGN_UP_GOAL);
  response.status(201).end();
});

// Express recognizes an error handler by its four parameters.
app.use((error, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: error.message });
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/users/1`);
});

process.once('SIGTERM', () => server.close());
