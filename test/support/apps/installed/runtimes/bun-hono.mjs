// Hono with its OpenTelemetry middleware, on `Bun.serve`.
import { httpInstrumentationMiddleware } from '@hono/otel';
import { Hono } from 'hono';
import { announce } from './serve-web.mjs';
import { processor, startTracing } from './tracing.mjs';

startTracing();
const app = new Hono();
app.use(
  httpInstrumentationMiddleware({ captureRequestHeaders: ['user-agent', 'accept-language'] }),
);
app.get('/users/:id', (context) => context.text('answered'));
app.post('/orders', (context) => context.text('answered', 201));
app.get('/fails', (context) => context.text('answered', 500));
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch });
announce(server.port, () => processor.shutdown());
