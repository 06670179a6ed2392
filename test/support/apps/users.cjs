// Serves the requests of test/system/users. The header `x-kind` says what a request tracks before it is answered, `x-status` how: 499 is
// not answered. With WORKER, in a worker thread; with START, with these options in code. A test can also use its listener.
const { createServer } = require('node:http');
const { isMainThread } = require('node:worker_threads');
const runInWorker = require('./in-worker.cjs');

function createListener({ forRequest, trackEvent, trackGoal, trackHit, trackOrder, trace }) {
  const track = {
    event: () => trackEvent('in', 'request'),
    goal: () => trackGoal(7),
    order: () => trackOrder({ id: 'A-1', revenue: 1 }),
    outlink: () => trackHit({ link: 'https://other.example/' }),
    'for request': (request) => forRequest(request).trackEvent('for', 'request'),
    'span event': () =>
      trace.getActiveSpan().addEvent('matomo.hit', { 'matomo.e_c': 'on', 'matomo.e_a': 'span' }),
  };
  return function listener(request, response) {
    const {
      'x-kind': kind,
      'x-status': status = '200',
      'x-type': type = 'text/html',
    } = request.headers;
    trace?.getActiveSpan()?.setAttribute('http.route', '/*'); // a route that catches everything
    track[kind]?.(request);
    // As middlewares do, so that nothing behind them sees it.
    for (const name of request.headers['x-delete']?.split(',') ?? []) delete request.headers[name];
    if (status === '499') return;
    response.writeHead(Number(status), { 'content-type': type });
    if (kind !== 'stream') response.end();
    else response.write('open');
  };
}

if (require.main !== module && isMainThread) module.exports = { createListener };
else if (isMainThread && process.env.WORKER) {
  if (process.env.START) require('opentelemetry-matomo').start(JSON.parse(process.env.START));
  runInWorker(__filename);
} else {
  const matomo = require('opentelemetry-matomo');
  if (process.env.START) matomo.start(JSON.parse(process.env.START));
  const { trace } = require('@opentelemetry/api');
  const server = createServer(createListener({ ...matomo, trace }));
  require('./listen.cjs')(server);
}
