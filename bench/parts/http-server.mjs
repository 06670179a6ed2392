// An http server, tracked in one of the ways of `trackers.mjs`:
//
//   http-server.mjs <way> <url of the sink> <child spans a request>
import { createRequire } from 'node:module';
import { TRACKERS } from './trackers.mjs';

const [way, sink, childSpans] = process.argv.slice(2);
const tracker = await TRACKERS[way](sink);
const { createServer } = createRequire(import.meta.url)('node:http'); // what is imported is not patched

const server = createServer((request, response) => {
  for (let i = 0; i < Number(childSpans); i++) tracker.childSpan();
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"id":1}');
  tracker.onRequest?.(request);
});

/** Before the load: `begin`. After it: `end`, answered with the CPU time since, in microseconds, once all is delivered. */
let begun;
process.on('message', async (message) => {
  await tracker.deliver?.();
  const { user, system } = process.cpuUsage(begun);
  const counts = tracker.counts?.();
  if (message === 'begin') begun = process.cpuUsage();
  process.send({ micros: user + system, counts });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
