// Prints each event of a connection and sends it to Matomo with the path of its request, and with a user ID, so that also what belongs to no
// request makes a hit.
const { createServer } = require('node:http');
const { trackEvent } = require('opentelemetry-matomo');

function note(action, path) {
  process.stdout.write(`${path ?? ''} ${action}\n`);
  trackEvent('connection', action, { name: path, uid: 'service' });
}

let waiting;

function listen(name, settings = {}) {
  const server = createServer((request, response) => {
    const path = request.url;
    const isRead = !/^\/(?:at-once|unread)/.test(path);
    for (const event of [...(isRead ? ['data'] : []), 'end', 'close', 'error', 'aborted'])
      request.on(event, () => note(`request ${event}`, path));
    for (const event of ['drain', 'finish', 'close', 'timeout'])
      response.on(event, () => note(`response ${event}`, path));
    if (path === '/hangs/for/100/ms') request.socket.setTimeout(100);
    if (path.startsWith('/slow')) setTimeout(() => response.end('slow'), 2);
    else if (path === '/at-once') response.end(path);
    else if (path.startsWith('/waits')) waiting = response;
    else if (path.startsWith('/large')) {
      response.write(Buffer.alloc(4_000_000));
      response.on('drain', () => response.end());
    } else if (path.startsWith('/ends')) {
      waiting.end();
      response.end();
    } else if (isRead && !path.startsWith('/hangs')) request.on('end', () => response.end(path));
  });
  server.on('clientError', ({ code }, socket) => {
    // A client that leaves resets the connection if there is something that it has not read.
    if (code !== 'ECONNRESET') {
      note('clientError');
      setImmediate(note, 'after clientError');
    }
    socket.destroy();
  });
  server.on('timeout', (socket) => {
    note('timeout', socket._httpMessage?.req.url); // of the request that is open
    socket.destroy();
  });
  for (const event of ['upgrade', 'connect']) {
    server.on(event, (_request, socket) => {
      note(event);
      socket.destroy();
    });
  }
  for (const event of ['checkContinue', 'checkExpectation']) {
    server.on(event, ({ url }, response) => {
      note(event, url);
      response.end(url);
    });
  }
  server.on('connection', (socket) => {
    for (const event of ['timeout', 'close'])
      socket.on(event, () => note(`socket ${event}`, socket._httpMessage?.req.url));
  });
  server.on('dropRequest', ({ url }) => note('dropRequest', url));
  Object.assign(server, { keepAliveTimeout: 0, keepAliveTimeoutBuffer: 1, ...settings });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${name} http://127.0.0.1:${server.address().port}\n`);
  });
  process.once('SIGTERM', () => server.close().closeAllConnections());
}

listen('usual');
listen('one request', { maxRequestsPerSocket: 1 });
listen('closes idle', { keepAliveTimeout: 1 });
