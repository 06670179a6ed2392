// Breaks its request or response by path, in ways that Node.js itself survives. At /stats, what became of its requests.
const { createServer } = require('node:http');
const { start } = require('opentelemetry-matomo');

const matomo = start();

function fail() {
  throw new Error('broken');
}
const failing = (object, name) =>
  Object.defineProperty(object, name, { get: fail, configurable: true });
const replace = (object, name, value) =>
  Object.defineProperty(object, name, { value, configurable: true, writable: true });

const BREAKS = {
  'no-headers': (request) => replace(request, 'headers', null),
  'undefined-headers': (request) => replace(request, 'headers', undefined),
  'headers-fail': (request) => failing(request, 'headers'),
  'header-fails': (request) => failing(request.headers, 'user-agent'),
  'headers-of-objects': (request) =>
    Object.assign(request.headers, { 'user-agent': {}, host: Symbol('host'), referer: () => 1 }),
  'no-raw-headers': (request) => replace(request, 'rawHeaders', null),
  'no-method': (request) => replace(request, 'method', null),
  'url-fails': (request) => failing(request, 'url'),
  'no-url': (request) => replace(request, 'url', undefined),
  'no-socket': (request) => replace(request, 'socket', null),
  'other-socket': (request) => replace(request, 'socket', {}),
  'version-fails': (request) => failing(request, 'httpVersion'),
  'route-fails': (request) => failing(request, 'route'),
  'get-header-fails': (_request, response) => replace(response, 'getHeader', fail),
  'no-get-header': (_request, response) => replace(response, 'getHeader', undefined),
  'headers-sent-fails': (_request, response) => failing(response, 'headersSent'),
  'status-fails': (_request, response) => failing(response, 'statusCode'),
  'status-of-text': (_request, response) => replace(response, 'statusCode', 'many'),
  'closed-fails': (_request, response) => failing(response, 'closed'),
};

const server = createServer((request, response) => {
  const path = request.url.slice(1);
  if (path === 'names') {
    response.end(JSON.stringify(Object.keys(BREAKS)));
  } else if (path === 'stats') {
    response.end(JSON.stringify(matomo.stats()));
  } else if (path === 'flush') {
    matomo.forceFlush().then(() => response.end('flushed'));
  } else {
    response.end(path);
    BREAKS[path]?.(request, response);
  }
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
