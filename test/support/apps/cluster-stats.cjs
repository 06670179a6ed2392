// A worker of a cluster, and a thread of it, that log their figures when they end.
const cluster = require('node:cluster');
const { isMainThread, Worker } = require('node:worker_threads');

if (isMainThread && cluster.isPrimary) cluster.fork();
else {
  const { MatomoSpanExporter } = require('opentelemetry-matomo');
  const matomo = new MatomoSpanExporter({ statsIntervalMillis: 60_000 });
  if (isMainThread) new Worker(__filename).once('exit', () => cluster.worker.disconnect());
  matomo.export([], () => undefined);
}
