// A server in a worker thread, or in a worker of a worker (DEPTH 2), from a text (EVAL), or in the main thread (MAIN). `/close` stops it, so
// that the worker ends; `/exit` calls `process.exit()`. If JOB is set, the worker has no server. OPTIONS are those of the main thread,
// WORKER_OPTIONS and WORKER_DNT of the worker.
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { isMainThread, Worker, workerData } = require('node:worker_threads');
const { annotate, ignore, start, trackEvent } = require('opentelemetry-matomo');

const { DEPTH = '1', EVAL, JOB, MAIN, OPTIONS, WORKER_DNT, WORKER_OPTIONS } = process.env;
const { depth, file } = workerData ?? { depth: Number(DEPTH), file: __filename };

if (isMainThread ? !MAIN : depth > 0) {
  if (OPTIONS && isMainThread) start(JSON.parse(OPTIONS));
  const env = WORKER_DNT ? { ...process.env, MATOMO_DO_NOT_TRACK: WORKER_DNT } : process.env;
  const code = EVAL ? readFileSync(file, 'utf8') : file;
  new Worker(code, { workerData: { depth: depth - 1, file }, env, eval: Boolean(EVAL) });
} else if (JOB) {
  trackEvent('job', 'done', { uid: 'ann' });
  trackEvent('job', 'of nobody');
} else {
  if (WORKER_OPTIONS) start(JSON.parse(WORKER_OPTIONS));
  serve();
}

function serve() {
  const server = createServer((request, response) => {
    if (request.url === '/tracked') annotate({ action_name: 'Checkout', dimension1: 'thread' });
    if (request.url === '/ignored') {
      ignore();
      trackEvent('within', request.url);
    }
    if (request.url === '/exit') response.on('close', () => process.exit());
    if (request.url === '/close') response.on('close', () => server.close());
    response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
}
