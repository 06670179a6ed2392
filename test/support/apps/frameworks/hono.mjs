// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { annotate, ignore, measure } from 'opentelemetry-matomo';

const findUser = (id) => delay(20, { id });

const ignored = (_context, next) => {
  ignore();
  return next();
};
const details = (parameters) => (_context, next) => {
  annotate(parameters);
  return next();
};
const checkout = details({ action_name: 'Checkout', dimension5: 'pro' });

const named = (context, next) => {
  const { path } = matchedRoutes(context).at(-1);
  if (path !== '/*') annotate({ action_name: `${context.req.method} ${path}` });
  return next();
};

const app = new Hono();
app.use(named);
app.get('/health', ignored, (context) => context.text('ok'));
app.post('/orders', checkout, (context) => context.text('created'));
app.get('/users/:id', async (context) => {
  return context.json(await measure('pf_dm1', () => findUser(context.req.param('id'))));
});

serve({ fetch: app.fetch, port: process.env.PORT, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
