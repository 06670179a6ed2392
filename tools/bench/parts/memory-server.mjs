// A server whose requests end in every way that could leave something behind: `memory-server.mjs <url of the sink>`.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './package.mjs';
import { deliverAll, trace } from './trackers.mjs';

const { ROOT_CONTEXT, SpanKind, trace: api } = load('@opentelemetry/api');
const { annotate, MatomoSpanProcessor } = load('opentelemetry-matomo');
const processor = new MatomoSpanProcessor({
  url: process.argv[2],
  siteId: 1,
  scheduledDelayMillis: 500,
  maxQueueSize: 1_000_000,
});
trace(processor);
const { createServer } = createRequire(import.meta.url)('node:http'); // what is imported is not patched
const tracer = api.getTracer('bench');
const tagged = { attributes: { 'matomo.perf_key': 'pf_dm1' } };
/** A request that Node.js has not announced. */
const UNENDED = { kind: SpanKind.SERVER, attributes: { 'http.request.method': 'GET' } };
let requests = 0;

const server = createServer((request, response) => {
  if (requests % 200 === 0) tracer.startSpan('GET', UNENDED, ROOT_CONTEXT);
  const kind = requests++ % 10;
  if (kind === 0) tracer.startSpan('never ends', tagged);
  if (kind === 1) tracer.startSpan('never ends either');
  if (kind === 2) tracer.startSpan('orphan', tagged, ROOT_CONTEXT).end();
  if (kind === 3) annotate({ dimension1: 'x', cvar: { n: requests % 100 } });
  if (kind === 4) tracer.startSpan('child', { attributes: { 'matomo.dimension2': 'y' } }).end();
  if (kind === 5) {
    const late = tracer.startSpan('late', tagged);
    setTimeout(() => late.end(), 5);
  }
  if (request.url !== '/never') response.end('ok');
});

process.on('message', async () => {
  await deliverAll(processor);
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send({ bytes: heapUsed + external, requests, stats: processor.stats() });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
