const cluster = require('node:cluster');

const WORKERS = 2;

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i++) cluster.fork();
  // Workers inherit the preload and the environment of the primary, including MATOMO_SPOOL.
  cluster.on('exit', (_worker, code) => {
    if (code !== 0) cluster.fork();
  });
  process.once('SIGTERM', () => {
    for (const { process: worker } of Object.values(cluster.workers)) worker.kill('SIGTERM');
  });
} else {
  serve();
}

function serve() {
  const express = require('express');
  const app = express();

  app.get('/users/:id', (request, response) => {
    response.json({ id: request.params.id, worker: process.pid });
  });

  const server = app.listen(process.env.PORT ?? 3000, (error) => {
    if (error) throw error;
    console.log(`Listening on http://localhost:${server.address().port}/users/1`);
  });

  // The worker then ends by itself, after pending hits are written and sent.
  process.once('SIGTERM', () => server.close(() => cluster.worker.disconnect()));
}
