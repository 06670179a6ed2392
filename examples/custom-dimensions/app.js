const { trace } = require('@opentelemetry/api');
const express = require('express');

const PLANS = { ada: 'free', grace: 'pro' };

const app = express();

app.get('/customers/:name', (request, response) => {
  const plan = PLANS[request.params.name];
  if (!plan) return response.status(404).json({ error: 'no such customer' });
  trace.getActiveSpan()?.setAttribute('shop.plan', plan);
  response.json({ plan });
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/customers/ada`);
});

process.once('SIGTERM', () => server.close());
