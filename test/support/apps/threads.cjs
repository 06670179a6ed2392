// A server in a worker thread, or in a worker of a worker (DEPTH 2), and one in the main thread if MAIN is set. Each prints its URL
// with its thread. `/guide` is a document, `/end` ends the worker, `/exit` the process. If JOB is set, the worker has no server and tracks an event.
const { createServer } = require('node:http');
const { isMainThread, parentPort, threadId, Worker, workerData } = require('node:worker_threads');
const { annotate, ignore, trackEvent } = require('opentelemetry-matomo');

/** Of no request. */
const outside = { run: (fn) => emitter.emit('run', fn) };
const emitter = new (require('node:events').EventEmitterAsyncResource)({ name: 'outside' });
emitter.on('run', (fn) => fn());

/** JSON cannot write it, and its function cannot be sent to another thread. */
const circular = { method: () => 1 };
circular.self = circular;

function serve() {
  const server = createServer((request, response) => {
    if (request.url === '/tracked') annotate({ action_name: 'Checkout', dimension1: 'thread' });
    if (request.url === '/ignored' || request.url === '/quiet') ignore();
    if (request.url === '/further' || request.url === '/quiet') trackEvent('within', request.url);
    if (request.url === '/further') setTimeout(() => trackEvent('after', request.url), 200);
    if (request.url === '/odd') trackEvent('odd', 'value', { name: () => 1 });
    if (request.url === '/circular') trackEvent('odd', 'circular', { name: circular });
    if (request.url === '/outside')
      outside.run(() => trackEvent('outside', 'named', { uid: 'ann' }));
    if (request.url === '/end') response.on('close', () => process.exit());
    if (request.url === '/exit') response.on('close', () => parentPort.postMessage('exit'));
    const status = request.headers.range ? 206 : 200;
    const type = request.url === '/guide' ? 'application/pdf' : 'text/html';
    response.writeHead(status, { 'content-type': type, 'content-length': 2 }).end('ok');
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port} ${threadId}\n`);
  });
}

if (!isMainThread && process.env.JOB) {
  trackEvent('job', 'done', { uid: 'ann' });
  trackEvent('job', 'of nobody');
} else if (isMainThread ? process.env.MAIN : workerData === 0) serve();
if (isMainThread || workerData > 0) {
  const depth = isMainThread ? Number(process.env.DEPTH ?? 1) : workerData;
  const worker = new Worker(__filename, { workerData: depth - 1 });
  worker.on('message', () => (isMainThread ? process.exit(3) : parentPort.postMessage('exit')));
}
