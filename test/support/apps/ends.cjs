// Knows nothing of OpenTelemetry, and of Matomo only for `/further`. Ends as the path of a request says, once that request is finished, or as HANDLER says.
const { createServer } = require('node:http');

const ENDS = {
  '/exit': () => process.exit(3),
  '/throw': () => {
    throw new Error('a bug of the application');
  },
  '/reject': () => void Promise.reject(new Error('a promise of the application')),
  '/stop': () => server.close(),
};
const TOLD = {
  '/pid': () => process.pid,
  '/unlisten': () => process.removeAllListeners('SIGTERM').pid,
};
const HANDLERS = {
  close: () => server.close(() => process.exit(0)),
  graceful: async () => {
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 30)); // closes a database
    process.exit(0);
  },
  drains: () => server.close(),
  soon: () => setTimeout(() => process.exit(0), 150),
  now: () => process.exit(5),
  nodemon: () => server.close(() => process.kill(process.pid, 'SIGUSR2')),
  stays: () => process.stdout.write('still there\n'),
};

function trackFurther() {
  const { trackEvent, trackGoal, trackHit, trackOrder } = require('opentelemetry-matomo');
  trackEvent('Request', 'event');
  trackGoal(3, { revenue: 1.5 });
  trackOrder({ id: 'A-1', revenue: 20, items: [{ sku: 'mug', price: 20 }] });
  trackHit({ download: 'https://files.example/a.pdf' });
}

const server = createServer((request, response) => {
  const end = ENDS[request.url];
  if (request.url === '/further') trackFurther();
  if (end) response.setHeader('connection', 'close');
  response.on('close', () => end && setImmediate(end));
  const [, signal] = /^\/signal\/(\w+)$/.exec(request.url) ?? [];
  if (signal) process.kill(process.pid, signal);
  response.end(String(TOLD[request.url]?.() ?? 'ok'));
});
const LISTENERS = {
  exit: () => process.exit(4),
  beforeExit: () => process.stdout.write('beforeExit\n'),
};
const { HANDLER, HANDLES = 'SIGTERM', ONCE, LISTENS } = process.env;
if (LISTENS) process.on(LISTENS, LISTENERS[LISTENS]);
if (HANDLER) process[ONCE ? 'once' : 'on'](HANDLES, HANDLERS[HANDLER]);
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
