// Tracks with functions by `import` and by `require`. Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { trackOrder } from 'opentelemetry-matomo';

const commonJs = createRequire(import.meta.url)('opentelemetry-matomo');

const app = new Hono();
app.get('/users/:id', async (context) => {
  await delay(5);
  trackOrder({ id: context.req.param('id'), revenue: 10 });
  commonJs.trackEvent('deep', String(commonJs.trackOrder !== trackOrder && 'timer'));
  return context.text('ok');
});

serve({ fetch: app.fetch, port: process.env.PORT, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
