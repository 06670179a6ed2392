// A server that answers `/answered`, and nothing else: `held-server.mjs <bare|tracked> <url of the sink>`. Sends the bytes of its heap when asked.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { trackWithoutTracing } from './package.mjs';
import { deliverAll } from './trackers.mjs';

const [way, url] = process.argv.slice(2);
const tracker = way === 'tracked' ? trackWithoutTracing({ url }) : undefined;

const server = createServer((request, response) => {
  if (request.url === '/answered') response.end('ok');
  else response.writeContinue(); // shows that the request has begun
});

process.on('message', async () => {
  if (tracker) await deliverAll(tracker);
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send(heapUsed + external);
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
