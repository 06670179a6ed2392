// An http server with tracing: `http-server.mjs noop|matomo <url of the sink> <child spans per request>`.
import { createRequire } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

const [kind, url, childSpans] = process.argv.slice(2);

const noop = {
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

async function createMatomoSpanProcessor() {
  const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
  // One request is in flight at a time, so a saturated server runs ahead of it: no hit may be dropped, or it would look cheap.
  return new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench', maxQueueSize: 1_000_000 });
}

const processor = kind === 'matomo' ? await createMatomoSpanProcessor() : noop;
const provider = new BasicTracerProvider({ spanProcessors: [processor] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
new HttpInstrumentation().setTracerProvider(provider);
const { createServer } = createRequire(import.meta.url)('node:http'); // what is imported is not patched

const tracer = trace.getTracer('bench');
const server = createServer((_request, response) => {
  for (let i = 0; i < Number(childSpans); i++) {
    tracer.startSpan('SELECT users', { attributes: { 'db.system.name': 'postgresql' } }).end();
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"id":1}');
});

/** Before the load: `begin`. After it: `end`, answered with the CPU time since, in microseconds. */
let begun;
process.on('message', async (message) => {
  await processor.forceFlush();
  const { user, system } = process.cpuUsage(begun);
  if (message === 'begin') begun = process.cpuUsage();
  process.send({ micros: user + system, stats: processor.stats?.() });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
