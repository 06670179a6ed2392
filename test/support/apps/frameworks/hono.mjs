// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { annotate, ignore, measure } from 'opentelemetry-matomo';

const findUser = (id) => delay(20, { id });

const named = (context, next) => {
  const { path } = matchedRoutes(context).at(-1);
  if (path !== '/*') annotate({ action_name: `${context.req.method} ${path}` });
  return next();
};

const app = new Hono();
app.use(named);
app.get('/health', (context) => {
  ignore();
  return context.text('ok');
});

app.post('/orders', (context) => {
  annotate({ action_name: 'Checkout', dimension5: 'pro' });
  return context.text('created');
});

app.get('/users/:id', async (context) => {
  return context.json(await measure('pf_dm1', () => findUser(context.req.param('id'))));
});

serve({ fetch: app.fetch, port: process.env.PORT, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
