// A server whose requests end in every way that could leave something behind: `memory-server.mjs <url of the sink>`.
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { annotate, MatomoSpanProcessor } from 'opentelemetry-matomo';
import { serveTraced } from './traced-http.mjs';

const processor = new MatomoSpanProcessor({
  url: process.argv[2],
  siteId: 1,
  scheduledDelayMillis: 500,
  maxQueueSize: 1_000_000,
});
const tracer = trace.getTracer('bench');
const tagged = { attributes: { 'matomo.perf_key': 'pf_dm1' } };
let requests = 0;

serveTraced(processor, (request, response) => {
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

process.on('message', async (message) => {
  if (message === 'flush') await processor.forceFlush();
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send({ bytes: heapUsed + external, requests, stats: processor.stats() });
});
