// Knows nothing of OpenTelemetry or Matomo.
import { createServer } from 'node:http';
import { announce, statusOf } from './serve-web.mjs';

const server = createServer((request, response) => {
  response.statusCode = statusOf(request.method, request.url.split('?')[0]);
  setTimeout(() => response.end('answered'), 1);
});
server.listen(0, '127.0.0.1', () => announce(server.address().port));
