// A server to be watched for long: `soak-server.mjs noop|memory|spool <url of the sink> <folder of the spool>`.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { noop, serveTraced } from './traced-http.mjs';

const SAMPLE_MILLIS = 1_000;
/** Values contain it. With 10 ms all that is shorter would drown in it. */
const RESOLUTION_MILLIS = 1;
const MILLISECOND = 1e6;

const [kind, url, folder] = process.argv.slice(2);
const spool = kind === 'spool' ? { spool: folder } : {};
const processor =
  kind === 'noop'
    ? noop
    : new MatomoSpanProcessor({ url, siteId: 1, tokenAuth: 'bench', ...spool });

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
delay.enable();
let seconds = [];
setInterval(() => {
  const p99 = delay.percentile(99) / MILLISECOND - RESOLUTION_MILLIS;
  seconds.push({ rss: process.memoryUsage.rss(), p99 });
  delay.reset();
}, SAMPLE_MILLIS);

/** `begin` starts a measurement; any other message is answered with what was measured in each second since. */
process.on('message', async (message) => {
  if (message === 'flush') await processor.forceFlush();
  process.send({ seconds, stats: processor.stats?.() });
  if (message !== 'begin') return;
  seconds = [];
  delay.reset();
});
serveTraced(processor, (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"id":1}');
});
