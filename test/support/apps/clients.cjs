// Answers as the path says: `/401` with that status, `/v1/users` as a deprecated endpoint. With WORKER, in a worker thread. A test can
// also use its listener.
const { createServer } = require('node:http');
const { isMainThread } = require('node:worker_threads');
const runInWorker = require('./in-worker.cjs');

function listener({ url }, response) {
  const [path] = url.split('?');
  const headers = {
    'content-type': path.endsWith('.md') ? 'text/markdown; charset=utf-8' : 'application/json',
    'x-cache': 'HIT',
    'set-cookie': 'session=cookie5ec2e7',
    ...(path.startsWith('/v1/') && { deprecation: '@1688169599' }),
  };
  response.writeHead(Number(path.slice(1)) || 200, headers);
  response.end('{}');
}

if (require.main !== module && isMainThread) module.exports = { listener };
else if (isMainThread && process.env.WORKER) runInWorker(__filename);
else {
  const server = createServer(listener);
  require('./listen.cjs')(server);
}
