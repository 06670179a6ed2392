// A gateway that is sent exports by whoever started it: `hostile-gateway.mjs <Matomo>`. Sends its address; asked for anything, how
// many milliseconds its event loop stood still at most since it was asked last, once no request waits for its spans.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway } from 'opentelemetry-matomo/gateway';

process.stderr.write = () => true; // what is wrong with each of them is not the question
const gateway = await createGateway({
  url: process.argv[2],
  siteId: 1,
  tokenAuth: 'bench',
  listen: '127.0.0.1:0',
  graceMillis: 0,
  maxQueueSize: 1_000_000,
  maxQueueBytes: 4 * 1024 ** 3,
});
const RESOLUTION_MILLIS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
delay.enable();

process.on('message', async () => {
  const isDone = () => gateway.stats().waitingRequests === 0 && gateway.stats().pending === 0;
  do await sleep(50);
  while (!isDone());
  const millis = delay.max / 1e6 - RESOLUTION_MILLIS;
  delay.reset();
  process.send(Math.max(0, millis));
});
process.on('disconnect', () => process.exit());
process.send(gateway.url);
