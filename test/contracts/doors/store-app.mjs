// A process that puts hits and shares a spool. Messages: `{ put: names }`, `stats`, `shutdown`; each is answered with what became of all hits.
// `PID`: its number in a container.
import { createServer } from 'node:http';

const { PID } = process.env;
if (PID) Object.defineProperty(process, 'pid', { value: Number(PID) });
const { MatomoSpanProcessor } = await import('opentelemetry-matomo');

const processor = new MatomoSpanProcessor({ scheduledDelayMillis: 200 });
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

process.on('message', async (message) => {
  for (const name of message.put ?? []) put(name);
  if (message === 'shutdown') await processor.shutdown();
  process.send(processor.stats(), () => {
    if (message === 'shutdown') process.exit();
  });
});
process.on('disconnect', () => process.exit());
