// Traces itself as SETUP says, and exports its spans as the environment says: `code` before it loads `http`, `http-first` after it, `late` when
// `/start` is requested, `preload` not by itself. Requests to `/calls` call DOWNSTREAM. SAMPLE leaves every second request out. With START, it
// calls `start` of this package.
const { SETUP, DOWNSTREAM, SAMPLE, START } = process.env;
const http = SETUP === 'code' ? undefined : require('node:http');

const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');

let sdk;

function startSdk() {
  const { trace } = require('@opentelemetry/api');
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  let roots = 0;
  const halfOfRequests = {
    shouldSample(context, _traceId, _name, _kind, attributes) {
      const parent = trace.getSpanContext(context);
      if (!parent) roots += 1;
      const isSampled = parent ? (parent.traceFlags & 1) === 1 : roots % 2 === 1;
      return { decision: isSampled ? 2 : 0, attributes: { seen: Object.keys(attributes).length } };
    },
    toString: () => 'half of requests',
  };
  const sampler = SAMPLE ? { sampler: halfOfRequests } : {};
  sdk = new NodeSDK({ instrumentations: [new HttpInstrumentation()], ...sampler });
  sdk.start();
}

if (SETUP === 'code' || SETUP === 'http-first') startSdk();
if (START) require('opentelemetry-matomo').start();
const { createServer, get } = http ?? require('node:http');

/** What is registered with the API, by the classes that the SDK gives it. */
function describeGlobals() {
  const api = globalThis[API_GLOBAL];
  if (!api) return undefined;
  const nameOf = (value) => (typeof value === 'object' ? value.constructor.name : value);
  const registered = Reflect.ownKeys(api).map((key) => [String(key), nameOf(api[key])]);
  const delegate = api.trace?.getDelegate?.();
  const fields = delegate ? Object.keys(delegate) : [];
  return { registered, provider: delegate?.constructor.name, fields };
}

async function callDownstream() {
  await new Promise((resolve, reject) => {
    get(`${DOWNSTREAM}/get`, (response) => response.resume().on('end', resolve)).on(
      'error',
      reject,
    );
  });
  await (await fetch(`${DOWNSTREAM}/fetch`)).text();
}

async function inSpans() {
  const { trace } = require('@opentelemetry/api');
  const tracer = trace.getTracer('application');
  await tracer.startActiveSpan('outer', { attributes: { step: 1 } }, async (outer) => {
    await tracer.startActiveSpan('inner', async (inner) => {
      inner.addEvent('half way');
      inner.recordException(new TypeError('no such luck'));
      await callDownstream();
      inner.end();
    });
    outer.end();
  });
}

const ROUTES = {
  '/start': async () => {
    startSdk();
    require('node:http');
  },
  '/calls': inSpans,
  '/globals': async () => JSON.stringify(describeGlobals() ?? 'nothing'),
};

const server = createServer(async (request, response) => {
  const [path] = request.url.split('?');
  const body = await ROUTES[path]?.();
  if (path === '/missing') response.statusCode = 404;
  response.end(body ?? 'ok');
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
process.once('SIGTERM', () => {
  server.close(() => sdk?.shutdown());
  server.closeAllConnections();
});
