// Two workers that share a port, which the primary process chooses, and a thread that has nothing to do with requests.
const cluster = require('node:cluster');
const { Worker } = require('node:worker_threads');

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let listening = 0;
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening === 2) process.stdout.write(`http://127.0.0.1:${port}\n`);
  });
  process.on('SIGTERM', () => {
    for (const worker of workers) worker.process.kill('SIGTERM');
  });
} else {
  new Worker('setTimeout(() => {}, 100)', { eval: true }).unref();
  require('node:http')
    .createServer((_request, response) => response.end(String(process.pid)))
    .listen(0, '127.0.0.1');
}
