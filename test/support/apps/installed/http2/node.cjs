const { createServer } = require('node:http2');
const { serve } = require('../serve.cjs');

const STATUSES = { '/users/ann': 200, '/orders': 201, '/fails': 500 };

serve(
  createServer((request, response) => {
    response.writeHead(STATUSES[request.url.split('?')[0]] ?? 404).end('ok');
  }),
);
