// Serves until all requests have come, and then ends as HOW says: TRACKER says what tracks.
const { createServer } = require('node:http');

const { HOW, TRACKER } = process.env;

function startTracker() {
  const { MatomoSpanProcessor, start } = require('opentelemetry-matomo');
  if (TRACKER === 'register') return undefined;
  if (TRACKER === 'start') return start();
  const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
  const processor = new MatomoSpanProcessor({ exitFlush: TRACKER === 'processor with exitFlush' });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
  const { context, trace } = require('@opentelemetry/api');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
  new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });
  return processor;
}

const tracker = startTracker();
const { trackEvent } = require('opentelemetry-matomo');
const http = TRACKER.startsWith('processor') ? require('node:http') : { createServer };

const ENDS = {
  'process.exit': () => process.exit(0),
  'process.exit in a listener of SIGTERM': () => {
    process.on('SIGTERM', () => process.exit(0));
    process.kill(process.pid, 'SIGTERM');
  },
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  shutdown: async () => {
    await tracker.shutdown();
    process.stdout.write(`stats ${JSON.stringify(tracker.stats())}\n`);
  },
  'shutdown, and an event after it': async () => {
    await tracker.shutdown();
    trackEvent('Test', 'too late', { uid: 'ada' });
    process.stdout.write(`stats ${JSON.stringify(tracker.stats())}\n`, () => process.exit(0));
  },
};

function end() {
  if (HOW === 'process.exit with open responses') process.exit(0);
  server.close();
  server.closeAllConnections();
  setImmediate(() => ENDS[HOW]());
}

const server = http.createServer((request, response) => {
  if (request.url === '/open') return void response.writeHead(202).write('half');
  if (request.url === '/waiting') return undefined;
  response.end('ok', () => request.url === '/last' && setImmediate(end));
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
