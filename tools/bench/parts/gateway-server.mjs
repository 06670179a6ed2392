// A receiver of spans: `gateway-server.mjs gateway|json <Matomo>`. Sends its address; asked for anything, the CPU microseconds that it has used; asked to `finish`, first sends all pending hits; asked to `drain`, first waits until they are sent as usual; asked for the `longest`, the milliseconds of the longest turn since it was asked before.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './package.mjs';

const [way, matomo] = process.argv.slice(2);

async function startReceiver() {
  if (way !== 'json') {
    const { createGateway } = load('opentelemetry-matomo/gateway');
    const gateway = await createGateway({
      url: matomo,
      siteId: 1,
      tokenAuth: 'bench',
      listen: '127.0.0.1:0',
      graceMillis: 500,
      maxBodyBytes: 16 * 1024 ** 2,
      maxQueueSize: 1_000_000,
      shutdownTimeoutMillis: 60_000,
    });
    const isBusy = () => gateway.stats().pendingRequests + gateway.stats().pending > 0;
    return { url: gateway.url, close: () => gateway.close(), isBusy };
  }
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      JSON.parse(Buffer.concat(chunks));
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => undefined,
    isBusy: () => false,
  };
}

/** The turns of the event loop, once somebody asks for them. */
const turns = { longest: 0, timer: undefined, begun: 0 };

function takeLongest() {
  const { longest } = turns;
  turns.longest = 0;
  turns.begun = performance.now();
  turns.timer ??= setInterval(() => {
    const now = performance.now();
    turns.longest = Math.max(turns.longest, now - turns.begun);
    turns.begun = now;
  }, 1);
  return longest;
}

const receiver = await startReceiver();
process.on('message', async (message) => {
  if (message === 'longest') {
    process.send(takeLongest());
    return;
  }
  if (message === 'finish') await receiver.close();
  while (message === 'drain' && receiver.isBusy()) await sleep(50);
  const { user, system } = process.cpuUsage();
  process.send(user + system);
});
process.on('disconnect', () => process.exit());
process.send(receiver.url);
