// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const express = require('express');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const ignored = (_request, _response, next) => {
  ignore();
  next();
};
const details = (parameters) => (_request, _response, next) => {
  annotate(parameters);
  next();
};
const checkout = details({ action_name: 'Checkout', dimension5: 'pro' });

const app = express();
app.get('/health', ignored, (_request, response) => response.send('ok'));
app.post('/orders', checkout, (_request, response) => response.send('created'));
app.get('/users/:id', async (request, response) => {
  response.send(await measure('pf_dm1', () => findUser(request.params.id)));
});

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
