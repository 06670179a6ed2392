// The server is in a worker thread, which ends with the process.
const { isMainThread, Worker } = require('node:worker_threads');

if (isMainThread) {
  new Worker(__filename);
} else {
  require('./frameworks/http.cjs');
}
