// An http server with tracing: `http-server.mjs noop|matomo <url of the sink> <child spans per request>`.
import { trace } from '@opentelemetry/api';
import { noop, serveTraced } from './traced-http.mjs';

const [kind, url, childSpans] = process.argv.slice(2);

async function createMatomoSpanProcessor() {
  const { MatomoSpanProcessor } = await import('opentelemetry-matomo');
  // One request is in flight at a time, so a saturated server runs ahead of it: no hit may be dropped, or it would look cheap.
  return new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench', maxQueueSize: 1_000_000 });
}

const processor = kind === 'matomo' ? await createMatomoSpanProcessor() : noop;
const tracer = trace.getTracer('bench');

/** Before the load: `begin`. After it: `end`, answered with the CPU time since, in microseconds. */
let begun;
process.on('message', async (message) => {
  await processor.forceFlush();
  const { user, system } = process.cpuUsage(begun);
  if (message === 'begin') begun = process.cpuUsage();
  process.send({ micros: user + system, stats: processor.stats?.() });
});
serveTraced(processor, (_request, response) => {
  for (let i = 0; i < Number(childSpans); i++) {
    tracer.startSpan('SELECT users', { attributes: { 'db.system.name': 'postgresql' } }).end();
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"id":1}');
});
