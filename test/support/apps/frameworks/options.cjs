// Options in code.
const { HEALTH_CHECKERS, start } = require('opentelemetry-matomo');

start({
  ignoredMethods: ['OPTIONS'],
  ignorePaths: ['/ready', '/live'],
  ignoreUserAgents: [...HEALTH_CHECKERS, /^acme-probe\//],
});

const { createServer } = require('node:http');
const server = createServer((_request, response) => response.end('ok'));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
