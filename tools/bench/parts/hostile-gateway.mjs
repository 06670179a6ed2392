// A gateway that gets exports from its parent process: `hostile-gateway.mjs <Matomo>`. Sends its address; asked for anything,
// what its event loop did since it was asked last, once no request waits for its spans and every hit has been sent:
//
// - `stall`: the longest time between two turns, as the clock says; on a busy machine also waiting for a core
// - `cpuStall`: the longest CPU time of the main thread between two turns; other threads, which collect garbage, do not count
// - `cpu`: CPU time of the main thread for all of it
import { openSync, readSync } from 'node:fs';
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
});
const RESOLUTION_MILLIS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
delay.enable();

const readThreadMillis = createReadThreadMillis();
let begun = readThreadMillis();
let last = begun;
let cpuStall = 0;
setInterval(() => {
  const now = readThreadMillis();
  cpuStall = Math.max(cpuStall, now - last);
  last = now;
}, RESOLUTION_MILLIS);

/** On Linux of the main thread, elsewhere of the whole process. */
function createReadThreadMillis() {
  let file;
  try {
    file = openSync(`/proc/self/task/${process.pid}/schedstat`);
  } catch {
    return () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e3;
    };
  }
  const text = Buffer.alloc(100);
  return () =>
    Number.parseInt(text.toString('latin1', 0, readSync(file, text, 0, 100, 0)), 10) / 1e6;
}

process.on('message', async () => {
  const isDone = () => gateway.stats().pendingRequests === 0 && gateway.stats().pending === 0;
  do await sleep(50);
  while (!isDone());
  const stall = Math.max(0, delay.max / 1e6 - RESOLUTION_MILLIS);
  process.send({ stall, cpuStall, cpu: last - begun });
  delay.reset();
  begun = last;
  cpuStall = 0;
});
process.on('disconnect', () => process.exit());
process.send(gateway.url);
