// Direct calls of span processors with untagged, ended child spans of the SDK, inside of an open request.
// Sends nanoseconds and bytes a span for each task: of the fastest block, since the queue of the SDK is optimized late.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { median } from '../lib/figures.mjs';

const SPANS = 500; // fewer than a batch of the SDK's, which would be exported at once
const WARM_UP = 3;
const [blocks, passes] = process.argv.slice(2).map(Number);

const matomo = new MatomoSpanProcessor({ url: 'http://127.0.0.1:9', siteId: 1 }); // nothing is sent
const exporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
};
const batch = new BatchSpanProcessor(exporter);

const provider = new BasicTracerProvider({ spanProcessors: [matomo] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);
new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true }).setTracerProvider(
  provider,
);
const { createServer, get } = createRequire(import.meta.url)('node:http');

/** Attributes as database instrumentations set them. */
const ATTRIBUTES = Object.entries({
  'db.system.name': 'postgresql',
  'db.query.text': 'SELECT * FROM users WHERE id = $1',
  'db.namespace': 'shop',
  'server.address': 'db.internal',
  'server.port': 5432,
});

function childSpans(attributes) {
  const tracer = trace.getTracer('bench');
  return Array.from({ length: SPANS }, () => {
    const span = tracer.startSpan('SELECT users', {
      attributes: Object.fromEntries(ATTRIBUTES.slice(0, attributes)),
    });
    span.end();
    return span;
  });
}

// One function for each task, so that no call site serves two processors.
const TASKS = {
  nothing() {},
  batch(spans) {
    for (const span of spans) batch.onEnd(span);
  },
  matomo1(spans, parent) {
    for (const span of spans) {
      matomo.onStart(span, parent);
      matomo.onEnd(span);
    }
  },
  matomo5(spans, parent) {
    for (const span of spans) {
      matomo.onStart(span, parent);
      matomo.onEnd(span);
    }
  },
};

/** Nanoseconds a span, the processor emptied after each pass so that its queue is as short as in real life. */
async function measureNanos(run, spans, parent) {
  let nanos = 0n;
  for (let pass = 0; pass < passes; pass++) {
    const begun = process.hrtime.bigint();
    run(spans, parent);
    nanos += process.hrtime.bigint() - begun;
    await batch.forceFlush();
  }
  return Number(nanos) / (spans.length * passes);
}

/** Heap bytes that one pass over the spans takes, with what measuring takes. */
async function measureBytes(run, spans, parent) {
  gc();
  const before = process.memoryUsage().heapUsed;
  run(spans, parent);
  const bytes = process.memoryUsage().heapUsed - before;
  await batch.forceFlush();
  return bytes;
}

async function measureAll() {
  const parent = context.active();
  if (trace.getSpan(parent) === undefined) throw new Error('no request is open');
  const results = Object.keys(TASKS).map((name) => ({
    name,
    spans: childSpans(name === 'matomo5' ? 5 : 1),
    nanos: [],
    bytes: [],
  }));
  for (let block = -WARM_UP; block < blocks; block++) {
    for (const { name, spans, nanos, bytes } of results) {
      const measured = {
        nanos: await measureNanos(TASKS[name], spans, parent),
        bytes: await measureBytes(TASKS[name], spans, parent),
      };
      if (block < 0) continue;
      nanos.push(measured.nanos);
      bytes.push(measured.bytes);
    }
  }
  const [nothing] = results;
  return Object.fromEntries(
    results.map(({ name, nanos, bytes }) => [
      name,
      { nanos: Math.min(...nanos), bytes: (median(bytes) - median(nothing.bytes)) / SPANS },
    ]),
  );
}

const server = createServer(async (_request, response) => {
  process.send(await measureAll());
  response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit());
get({ port: server.address().port, host: '127.0.0.1', path: '/users/1' });
