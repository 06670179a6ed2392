// `next build` has run in ../next.
const { createServer } = require('node:http');
const { join } = require('node:path');
const next = require('next');
const { serve } = require('../serve.cjs');

exports.startNext = async (close = () => undefined) => {
  const app = next({ dev: false, dir: join(__dirname, '../next'), hostname: '127.0.0.1', port: 0 });
  await app.prepare();
  const answer = app.getRequestHandler();
  serve(
    createServer((request, response) => answer(request, response)),
    () => Promise.all([app.close(), close()]),
  );
};
