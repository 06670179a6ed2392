// A server without tracing: `listen.cjs alone|register`. Sends when it listens, and how long the rest of that turn takes.
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { performance } = require('node:perf_hooks');

if (process.argv[2] === 'register') {
  process.env.MATOMO_URL = 'http://127.0.0.1:9';
  process.env.MATOMO_SITE_ID = '1';
  createRequire(join(process.env.BENCH_PACKAGE, 'package.json'))('opentelemetry-matomo/register');
}
process.on('disconnect', () => process.exit());
const server = require('node:http').createServer();
server.listen(0, '127.0.0.1', () => {
  const listenMillis = performance.now();
  setImmediate(() => process.send({ listenMillis, turnMillis: performance.now() - listenMillis }));
});
