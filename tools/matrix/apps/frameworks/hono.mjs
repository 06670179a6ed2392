import { createAdaptorServer } from '@hono/node-server';
import { serve } from '../serve.cjs';
import { createHonoApp } from './hono-app.mjs';

const middleware = [];
if (process.env.PLUGIN) {
  const { httpInstrumentationMiddleware } = await import('@hono/otel');
  middleware.push(httpInstrumentationMiddleware());
}
serve(createAdaptorServer({ fetch: createHonoApp(...middleware).fetch }));
