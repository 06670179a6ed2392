const { createServer } = require('node:http2');
const { serve } = require('../serve.cjs');

const STATUSES = { '/users/ann': 200, '/orders': 201, '/fails': 500 };

const server = createServer();
server.on('stream', (stream, headers) => {
  stream.respond({ ':status': STATUSES[headers[':path'].split('?')[0]] ?? 404 });
  stream.end('ok');
});
serve(server);
