// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const fastify = require('fastify');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const app = fastify();
app.get('/health', async () => {
  ignore();
  return 'ok';
});
app.post('/orders', async () => {
  annotate({ action_name: 'Checkout', dimension5: 'pro' });
  return 'created';
});
app.get('/users/:id', ({ params }) => measure('pf_dm1', () => findUser(params.id)));

app
  .listen({ port: process.env.PORT, host: '127.0.0.1' })
  .then((url) => process.stdout.write(`${url}\n`));
