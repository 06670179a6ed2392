import { createServer } from 'node:http';

const STATUSES = { '/users/ann': 200, '/orders': 201, '/fails': 500 };

export function createPlainServer() {
  return createServer((request, response) => {
    response.statusCode = STATUSES[request.url.split('?')[0]] ?? 404;
    response.end('ok');
  });
}
