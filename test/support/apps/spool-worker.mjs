// A service with a spool: so many requests a second, each named on stdout as it ends, and what became of all of them
// when asked by a message. The environment says how many (RATE), how they are called (NAME),
// how many visitors take turns (VISITORS), each how many requests one is of an AI chatbot (CHATBOTS), and the rest.
import { writeSync } from 'node:fs';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

const { RATE = '0', NAME = 'n', VISITORS = '1', CHATBOTS = '0' } = process.env;
const processor = new MatomoSpanProcessor({ scheduledDelayMillis: 300 });
let requests = 0;

function request() {
  requests += 1;
  const id = requests.toString(16).padStart(16, '0');
  const name = `${NAME}-${requests}`;
  const isChatbot = requests % Number(CHATBOTS) === 0;
  const span = {
    name: 'GET',
    kind: 1,
    startTime: [Math.floor(Date.now() / 1000), 0],
    duration: [0, 12_400_000],
    attributes: {
      'http.request.method': 'GET',
      'url.path': `/${name}`,
      'http.route': `/${name}`,
      'user_agent.original': isChatbot
        ? 'ChatGPT-User/1.0'
        : `visitor ${requests % Number(VISITORS)}`,
    },
    status: { code: 0 },
    resource: {},
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: id, traceFlags: 1 }),
  };
  processor.onStart(span, { getValue: () => undefined });
  processor.onEnd(span);
  writeSync(1, `${name} ${Date.now()}\n`);
}

// What is in memory only are the newest. `SAFE 7`: the first seven of this process are stored or sent.
let safe = 0;

function showSafe({ hits, pending, spooled }) {
  const now = hits - (pending - spooled);
  if (now > safe) writeSync(1, `SAFE ${now}\n`);
  safe = Math.max(safe, now);
}

function checkLaw() {
  showSafe(processor.stats());
  const { hits, adopted, pending, spooled, tracked, accepted, invalid, lost } = processor.stats();
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  const known = pending + tracked + accepted + invalid + losses;
  if (hits + adopted === known && spooled <= pending) return;
  writeSync(1, `LAW ${JSON.stringify(processor.stats())}\n`);
}

if (process.env.IGNORE_SIGXFSZ) process.on('SIGXFSZ', () => undefined);

let due = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += ((now - last) / 1000) * Number(RATE);
  last = now;
  for (; due >= 1; due -= 1) request();
  checkLaw();
}, 10);

process.on('message', async (message) => {
  if (message.requests) for (let i = 0; i < message.requests; i++) request();
  if (message === 'shutdown') {
    await processor.shutdown();
    process.send(processor.stats());
    process.disconnect();
    process.exit();
  } else {
    process.send(processor.stats());
  }
});
process.on('disconnect', () => process.exit());
