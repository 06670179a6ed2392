// An MCP server on Express, with messages written by hand: `express.json()` has parsed the bodies. Calls are answered by event streams.
// In a worker thread if THREAD is set.
const { isMainThread } = require('node:worker_threads');
const express = require('express');
const runInWorker = require('./in-worker.cjs');

const SESSION = 'mcp-session-id';

function serve() {
  let sessions = 0;
  const app = express();
  app.use(express.json());
  app.post('/mcp', (request, response) => {
    const { method, id } = request.body;
    if (id === undefined) return response.status(202).end();
    if (method === 'initialize') {
      sessions += 1;
      return response.set(SESSION, `session-${sessions}`).json({ jsonrpc: '2.0', id, result: {} });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const answer = { jsonrpc: '2.0', id, result: { content: [{ text: 'result-secret' }] } };
    setTimeout(() => response.end(`data: ${JSON.stringify(answer)}\n\n`), 30);
  });
  app.get('/mcp', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {}\n\n');
  });
  app.delete('/mcp', (_request, response) => response.end());
  app.post('/login', (_request, response) => response.json({}));
  require('./listen.cjs')(app);
}

if (isMainThread && process.env.THREAD) runInWorker(__filename);
else serve();
