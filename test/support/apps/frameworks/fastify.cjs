// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const fastify = require('fastify');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const ignored = async () => ignore();
const details = (parameters) => async () => annotate(parameters);
const checkout = details({ action_name: 'Checkout', dimension5: 'pro' });

const app = fastify();
app.get('/health', { onRequest: ignored }, async () => 'ok');
app.post('/orders', { onRequest: checkout }, async () => 'created');
app.get('/users/:id', ({ params }) => measure('pf_dm1', () => findUser(params.id)));

app
  .listen({ port: process.env.PORT, host: '127.0.0.1' })
  .then((url) => process.stdout.write(`${url}\n`));
