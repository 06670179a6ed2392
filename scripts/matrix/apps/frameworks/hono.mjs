import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { serve } from '../serve.cjs';

const app = new Hono();
if (process.env.PLUGIN) {
  const { httpInstrumentationMiddleware } = await import('@hono/otel');
  app.use(httpInstrumentationMiddleware());
}
app.get('/users/:id', (context) => context.text('ok'));
app.post('/orders', (context) => context.text('ok', 201));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
app.onError((_error, context) => context.text('sorry', 500));
serve(createAdaptorServer({ fetch: app.fetch }));
