// The server is in a worker thread, which ends with the process.
const { isMainThread, Worker } = require('node:worker_threads');

if (isMainThread) {
  const worker = new Worker(__filename, { stdin: true });
  process.stdin.pipe(worker.stdin);
} else {
  require('./frameworks/http.cjs');
}
