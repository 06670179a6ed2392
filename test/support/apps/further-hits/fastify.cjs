// Tracks at some depth of a request. Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const fastify = require('fastify');
const { trackEvent, trackOrder } = require('opentelemetry-matomo');

async function pay(id) {
  await delay(5);
  trackOrder({ id, revenue: 10 });
}

const app = fastify();
app.get('/users/:id', { preHandler: async ({ params }) => pay(params.id) }, async () => 'ok');
app.addHook('onResponse', async () => trackEvent('deep', 'timer'));

app
  .listen({ port: process.env.PORT, host: '127.0.0.1' })
  .then((url) => process.stdout.write(`${url}\n`));
