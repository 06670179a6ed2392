// A process that puts hits and shares a spool. Messages: `{ put: names }`, `stats`, `shutdown`; each is answered with what became of all hits.
// RATE: so many hits a second besides, each named on stdout. `DEAD_MILLIS`: after so long a killed process is dead. `PID`: its
// number in a container.
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';

const { DEAD_MILLIS, RATE = '0', NAME, PID } = process.env;
if (PID) Object.defineProperty(process, 'pid', { value: Number(PID) });
const { MatomoSpanProcessor } = await import(
  DEAD_MILLIS ? '../../../build/index.js' : 'opentelemetry-matomo'
);
if (DEAD_MILLIS) {
  const { DELIVERY_LIMITS } = await import('../../../build/delivery/delivery-limits.js');
  Object.assign(DELIVERY_LIMITS, { deadMillis: Number(DEAD_MILLIS) });
}

const processor = new MatomoSpanProcessor({
  scheduledDelayMillis: 200,
  ...(DEAD_MILLIS && { exportTimeoutMillis: Number(DEAD_MILLIS) }),
});
// Tracking begins, and with it sending, when a server listens.
createServer().listen(0, '127.0.0.1').unref();
let spans = 0;

function put(name) {
  spans += 1;
  const spanId = spans.toString(16).padStart(16, '0');
  const span = {
    name: 'GET',
    kind: 1,
    startTime: [Math.floor(Date.now() / 1000), 0],
    duration: [0, 1_000_000],
    attributes: {
      'http.request.method': 'GET',
      'url.path': `/${name}`,
      'http.route': `/${name}`,
      'user_agent.original': 'visitor',
    },
    status: { code: 0 },
    resource: {},
    spanContext: () => ({ traceId: '1'.repeat(32), spanId, traceFlags: 1 }),
  };
  processor.onStart(span, { getValue: () => undefined });
  processor.onEnd(span);
}

let announced = 0;
let due = 0;
let last = performance.now();
if (Number(RATE) > 0) {
  setInterval(() => {
    const now = performance.now();
    due += ((now - last) / 1000) * Number(RATE);
    last = now;
    for (; due >= 1; due -= 1) {
      announced += 1;
      put(`${NAME}-${announced}`);
      writeSync(1, `${NAME}-${announced}\n`);
    }
    // Only the newest hits are in memory alone.
    const { hits, pending } = processor.stats();
    writeSync(1, `SAFE ${hits - pending}\n`);
  }, 20);
}

process.on('message', async (message) => {
  for (const name of message.put ?? []) put(name);
  if (message === 'shutdown') await processor.shutdown();
  process.send(processor.stats(), () => {
    if (message === 'shutdown') process.exit();
  });
});
process.on('disconnect', () => process.exit());
