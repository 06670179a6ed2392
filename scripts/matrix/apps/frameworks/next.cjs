// `next build` has run in ../next.
const { createServer } = require('node:http');
const { join } = require('node:path');
const next = require('next');
const { serve } = require('../serve.cjs');

async function start() {
  const app = next({ dev: false, dir: join(__dirname, '../next'), hostname: '127.0.0.1', port: 0 });
  await app.prepare();
  const answer = app.getRequestHandler();
  serve(
    createServer((request, response) => answer(request, response)),
    () => app.close(),
  );
}

void start();
