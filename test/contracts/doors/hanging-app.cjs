// A server that prints its URL. `/file…` reads a file, in a thread of Node.js.
const { readFile } = require('node:fs');
const { createServer } = require('node:http');

const server = createServer((request, response) => {
  if (request.url.startsWith('/file'))
    readFile(__filename, (error) => response.end(error ? 'failed' : 'ok'));
  else response.end('ok');
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
