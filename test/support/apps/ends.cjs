// Knows nothing of OpenTelemetry, and of Matomo only for `/additional`. Ends as the path of a request says, once that request is finished.
const { createServer } = require('node:http');

const TOLD = {
  '/unlisten': () => process.removeAllListeners('SIGTERM').pid,
};

function trackAdditional() {
  const { trackEvent, trackGoal, trackHit, trackOrder } = require('opentelemetry-matomo');
  trackEvent('Request', 'event');
  trackGoal(3, { revenue: 1.5 });
  trackOrder({ id: 'A-1', revenue: 20, items: [{ sku: 'mug', price: 20 }] });
  trackHit({ download: 'https://files.example/a.pdf' });
}

const server = createServer((request, response) => {
  const isLast = request.url === '/exit';
  if (request.url === '/additional') trackAdditional();
  if (isLast) response.setHeader('connection', 'close');
  response.on('close', () => isLast && setImmediate(() => process.exit(3)));
  response.end(String(TOLD[request.url]?.() ?? 'ok'));
});
if (process.env.HANDLER) process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
