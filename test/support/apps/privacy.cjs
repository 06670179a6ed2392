// Serves the requests of test/system/privacy: the first segment of a path says what the request tracks. With WORKER, in a worker thread; with
// START, with these options in code. A test can also use its listener.
const { createServer } = require('node:http');
const { isMainThread } = require('node:worker_threads');
const runInWorker = require('./in-worker.cjs');

function createListener({ trackEvent, trackGoal, trackOrder, trace }) {
  const tracked = {
    event: () => trackEvent('table', 'event'),
    goal: () => trackGoal(7),
    order: () => trackOrder({ id: 'A-1', revenue: 1 }),
    error(response) {
      trace
        ?.getActiveSpan()
        ?.recordException(
          Object.assign(new TypeError('secret-message'), { code: 'no user secret-code' }),
        );
      response.statusCode = 500;
    },
  };
  return function listener({ url, headers }, response) {
    // As an instrumentation that captures this header.
    const forwardedFor = headers['x-forwarded-for'] ?? '';
    trace?.getActiveSpan()?.setAttribute('http.request.header.x-forwarded-for', [forwardedFor]);
    response.setHeader('content-type', 'text/html');
    tracked[url.split('/')[1]]?.(response);
    response.end('<p>content</p>');
  };
}

if (require.main !== module && isMainThread) module.exports = { createListener };
else if (isMainThread && process.env.WORKER) {
  if (process.env.START) require('opentelemetry-matomo').start(JSON.parse(process.env.START));
  runInWorker(__filename);
} else serve();

function serve() {
  const matomo = require('opentelemetry-matomo');
  if (process.env.START) matomo.start(JSON.parse(process.env.START));
  const { trace } = require('@opentelemetry/api');
  const listener = createListener({ ...matomo, trace });
  const server = createServer(listener);
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
    matomo.trackEvent('table', 'background', { uid: 'background' });
  });
}
