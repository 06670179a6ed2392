// Express with parsed bodies: one endpoint for JSON-RPC and two for GraphQL, in a worker thread if THREAD is set. `/about` is a page for
// everything, `/guarded` refuses everything, and a body with `getter` is replaced by a getter that throws.
const { isMainThread } = require('node:worker_threads');
const express = require('express');
const runInWorker = require('./in-worker.cjs');

function serve() {
  const app = express();
  app.use(express.json({ limit: '2mb' }));
  app.post('/rpc', (request, response) => {
    const { method, getter } = request.body;
    const fail = () => {
      throw new Error('no such luck');
    };
    if (getter) Object.defineProperty(request, 'body', { get: fail });
    response.status(method === 'bad.one' ? 500 : 200).json({});
  });
  app.all('/graphql', (_request, response) => response.json({ data: null }));
  app.get('/data', (_request, response) => {
    response.type('application/graphql-response+json').send('{"data":null}');
  });
  app.all('/about', (_request, response) => response.send('<h1>About us</h1>'));
  app.use('/guarded', (_request, response) => response.status(401).json({}));
  require('./listen.cjs')(app);
}

if (isMainThread && process.env.THREAD) runInWorker(__filename);
else serve();
