// Tracks at some depth of a request. Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const express = require('express');
const { trackEvent, trackOrder } = require('opentelemetry-matomo');

async function pay(id) {
  await delay(5);
  trackOrder({ id, revenue: 10 });
}

const app = express();
app.get('/users/:id', async (request, response) => {
  await pay(request.params.id);
  setImmediate(() => {
    trackEvent('deep', 'timer');
    response.send('ok');
  });
});

const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
