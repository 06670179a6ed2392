import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished, test } from 'vitest';
import { Delivery } from '../../../src/delivery/delivery.js';
import { createTransport } from '../../../src/delivery/http/create-transport.js';
import { eventually } from '../../support/child-process.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { pending } from '../../support/delivery.js';
import { silentDiagnostics } from '../../support/diagnostics.js';
import { listen } from '../../support/listen.js';

const ANSWER_MILLIS = 2;

/** A Matomo that can hang. */
async function startMatomo() {
  let isHanging = false;
  let waiting = 0;
  const server = createServer(async (request, response) => {
    const { requests } = JSON.parse(await text(request)) as { requests: string[] };
    if (isHanging) {
      waiting += 1;
      return;
    }
    const answer = JSON.stringify({ status: 'success', tracked: requests.length, invalid: 0 });
    setTimeout(() => response.end(answer), ANSWER_MILLIS);
  });
  const origin = await listen(server);
  return {
    origin,
    waiting: () => waiting,
    hang() {
      isHanging = true;
    },
    /** Closes all connections, and is well from now on. */
    restart() {
      isHanging = false;
      server.closeAllConnections();
    },
  };
}

/** A delivery that always has hits to send. */
function startDelivery(origin: string): Delivery {
  const transport = createTransport({ url: new URL('/matomo.php', origin), userAgent: 'test/1' });
  const options = { ...DEFAULT_OPTIONS, exportTimeoutMillis: 500 };
  const diagnostics = silentDiagnostics();
  const { lines } = diagnostics;
  const delivery = new Delivery({ options, transport, diagnostics, lines });
  const timer = setInterval(() => {
    while (delivery.pending < options.maxQueueSize / 2) delivery.put(pending());
  }, 1);
  onTestFinished(async () => {
    clearInterval(timer);
    await delivery.shutdown(0);
  });
  return delivery;
}

/** Hits that Matomo tracks in the next second. */
async function hitsPerSecond({ counts }: Delivery): Promise<number> {
  const { tracked } = counts;
  const start = performance.now();
  await eventually(() => performance.now() - start > 1000);
  return ((counts.tracked - tracked) / (performance.now() - start)) * 1000;
}

test('after a Matomo that hung and closed its connections, hits are sent as fast as before', async () => {
  const matomo = await startMatomo();
  const delivery = startDelivery(matomo.origin);
  await eventually(() => delivery.counts.tracked > 1000);
  const before = await hitsPerSecond(delivery);
  matomo.hang();
  await eventually(() => delivery.counts.lost.unconfirmed > 0);
  const { waiting } = matomo;
  const hung = waiting();
  await eventually(() => waiting() > hung);
  matomo.restart();
  // Half, because other work on the machine slows either measurement.
  await eventually(async () => (await hitsPerSecond(delivery)) > before / 2);
});
