// Elysia with its OpenTelemetry plugin, which starts the SDK.
import { opentelemetry } from '@elysiajs/opentelemetry';
import { Elysia } from 'elysia';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { announce } from './serve-web.mjs';

const processor = new MatomoSpanProcessor();
const app = new Elysia()
  .use(opentelemetry({ serviceName: 'app', spanProcessors: [processor] }))
  .get('/users/:id', () => 'answered')
  .post('/orders', ({ set }) => {
    set.status = 201;
    return 'answered';
  })
  .get('/fails', ({ set }) => {
    set.status = 500;
    return 'answered';
  })
  .listen({ port: 0, hostname: '127.0.0.1' });
announce(app.server.port, () => processor.shutdown());
