// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const express = require('express');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const app = express();
app.get('/health', (_request, response) => {
  ignore();
  response.send('ok');
});
app.post('/orders', (_request, response) => {
  annotate({ action_name: 'Checkout', dimension5: 'pro' });
  response.send('created');
});
app.get('/users/:id', async (request, response) => {
  response.send(await measure('pf_dm1', () => findUser(request.params.id)));
});

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
