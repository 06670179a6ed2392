// An http server, tracked in one of the ways of `trackers.mjs`:
//
//   http-server.mjs <way> <url of the sink> <child spans a request> <spool>
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { TRACKERS } from './trackers.mjs';

const [way, sink, childSpans, spool] = process.argv.slice(2);
const tracker = TRACKERS[way](sink, spool);
const { createServer } = createRequire(import.meta.url)('node:http'); // what is imported is not patched

const server = createServer((_request, response) => {
  for (let i = 0; i < Number(childSpans); i++) tracker.childSpan();
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"id":1}');
});

if (tracker.onRequest) server.prependListener('request', tracker.onRequest);

/** What the heap and buffers hold, once nothing more can be freed. */
async function heldBytes() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Before the load: `begin`. After it: `end`, answered with the CPU time since, in microseconds, once all is delivered.
 * At any time: `bytes`.
 */
let begun;
process.on('message', async (message) => {
  if (message === 'bytes') {
    process.send(await heldBytes());
    return;
  }
  await tracker.deliver?.();
  const { user, system } = process.cpuUsage(begun);
  if (message === 'begin') begun = process.cpuUsage();
  process.send({ micros: user + system, counts: tracker.counts?.() });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
