// A service with a spool: so many requests a second, each named on stdout as it ends, and what became of all of them
// when asked by a message. The environment says how many (RATE), how they are called (NAME),
// how many visitors take turns (VISITORS), each how many requests one is of an AI chatbot (CHATBOTS), each how many others one has hits
// besides its page view (ADDITIONAL), and the rest.
import { writeSync } from 'node:fs';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

// With `DEAD_MILLIS`, which shortens all times by which processes find each other dead, from the files that tsc has written.
const { DEAD_MILLIS } = process.env;
const entry = DEAD_MILLIS ? '../../../build/index.js' : 'opentelemetry-matomo';
const { MatomoSpanProcessor, trackEvent, trackGoal, trackHit, trackOrder } = await import(entry);
if (DEAD_MILLIS) {
  const { JOURNAL_TIMES } = await import('../../../build/delivery/spool/journal.js');
  const deadMillis = Number(DEAD_MILLIS);
  Object.assign(JOURNAL_TIMES, { beatMillis: deadMillis / 10, deadMillis });
}

const { RATE = '0', NAME = 'n', VISITORS = '1', CHATBOTS = '0', ADDITIONAL = '0' } = process.env;
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const processor = new MatomoSpanProcessor({ scheduledDelayMillis: 300 });
let requests = 0;
let hits = 0;

/** Names and announces a hit. */
function nextName() {
  hits += 1;
  return `${NAME}-${hits}`;
}

function show(name) {
  writeSync(1, `${name} ${Date.now()}\n`);
}

const CALLS = [
  (name) => trackEvent('Request', name),
  (name) => trackGoal(1, { dimension1: name }),
  (name) => trackOrder({ id: name, revenue: 1, items: [{ sku: 'mug', price: 1 }] }),
  (name) => trackHit({ download: `https://files.example/${name}` }),
];

function request() {
  requests += 1;
  const id = requests.toString(16).padStart(16, '0');
  const name = nextName();
  const isChatbot = requests % Number(CHATBOTS) === 0;
  const additional =
    !isChatbot && requests % Number(ADDITIONAL) === 0
      ? CALLS.map((call) => [call, nextName()])
      : [];
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
  context.with(trace.setSpan(context.active(), span), () => {
    for (const [call, given] of additional) call(given);
  });
  processor.onEnd(span);
  for (const given of [name, ...additional.map(([, own]) => own)]) show(given);
}

// What is in memory only are the newest. `SAFE 7`: the first seven of this process are stored or sent.
let safe = 0;

function showSafe({ hits, pending }) {
  const now = hits - pending;
  if (now > safe) writeSync(1, `SAFE ${now}\n`);
  safe = Math.max(safe, now);
}

function checkLaw() {
  showSafe(processor.stats());
  const { hits, claimed, stored, pending, tracked, accepted, invalid, lost } = processor.stats();
  const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
  const known = pending + stored + tracked + accepted + invalid + losses;
  if (hits + claimed === known) return;
  writeSync(1, `LAW ${JSON.stringify(processor.stats())}\n`);
}

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
  if (message === 'exit') process.exit();
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
