// Elysia with its OpenTelemetry plugin, which starts the SDK.
import { opentelemetry } from '@elysiajs/opentelemetry';
import { Elysia } from 'elysia';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { announce } from './serve-web.mjs';

const processor = new MatomoSpanProcessor();
let answered = 0;

function answer(context, status) {
  context.set.status = status;
  answered += 1;
  return 'answered';
}

const app = new Elysia()
  .use(opentelemetry({ serviceName: 'app', spanProcessors: [processor] }))
  .get('/users/:id', (context) => answer(context, 200))
  .post('/orders', (context) => answer(context, 201))
  .get('/fails', (context) => answer(context, 500))
  .listen({ port: 0, hostname: '127.0.0.1' });

/** The plugin ends a span some time after its response. */
async function spansToEnd() {
  while (processor.stats().hits < answered) await new Promise((resolve) => setTimeout(resolve, 5));
}

announce(app.server.port, async () => {
  await spansToEnd();
  await processor.shutdown();
});
