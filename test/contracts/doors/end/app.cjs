// A server that ends as END says, which is a name in `ways.cjs`. It knows nothing of the package.
const { createServer } = require('node:http');

const { END = '' } = process.env;
const WAYS = require('./ways.cjs');

/** Prints the URL of a server. `/end` ends it as a way says, when its response is closed. */
function serve(toEnd) {
  const server = createServer((request, response) => {
    if (request.url === '/end') {
      response.setHeader('connection', 'close');
      response.on('close', () => setImmediate(end));
    }
    if (request.url === '/open') return response.write('open');
    if (request.url === '/at-once') return end();
    response.end('ok');
  });
  const end = toEnd(server) ?? (() => undefined);
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
  return server;
}

const way = WAYS[END];
if (way.run) way.run(serve, __filename);
else serve(way);
