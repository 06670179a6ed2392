// Responses that begin and never end, as their paths say. In a worker thread if IN_THREAD is set. If EXIT is set, a handler
// of SIGTERM ends the process with `process.exit`.
const { createServer } = require('node:http');
const { isMainThread } = require('node:worker_threads');
const runInWorker = require('./in-worker.cjs');

const HEADERS = {
  '/complete': { 'content-length': 5 },
  '/half': { 'content-length': 10 },
  '/events': { 'content-type': 'text/event-stream' },
};

function serve() {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(request.url === '/events' ? 203 : 200, HEADERS[request.url]);
    response.write('hello');
    response.once('close', () => response.end());
  });
  require('./listen.cjs')(server);
}

if (isMainThread && process.env.IN_THREAD) runInWorker(__filename);
else serve();
if (isMainThread && process.env.EXIT) process.on('SIGTERM', () => process.exit());
