// Runs a file in a worker thread. At SIGTERM, the worker ends itself before the process does, as in an application that stops its workers.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');

if (isMainThread) {
  module.exports = function runInWorker(file) {
    const worker = new Worker(__filename, { workerData: file });
    process.on('SIGTERM', () => worker.postMessage('end'));
    worker.on('exit', () => process.removeAllListeners('SIGTERM'));
    return worker;
  };
} else {
  parentPort.on('message', () => process.exit()).unref();
  require(workerData);
}
