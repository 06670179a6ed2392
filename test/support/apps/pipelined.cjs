// Answers `/answered`, and no other request. `/heap` gives the bytes of its heap after a garbage collection.
const { createServer } = require('node:http');

let waiting = 0;

const server = createServer((request, response) => {
  if (request.url === '/heap') {
    globalThis.gc?.();
    response.end(JSON.stringify({ bytes: process.memoryUsage().heapUsed, waiting }));
  } else if (request.url.startsWith('/answered')) response.end('ok');
  else waiting += 1;
});
server.keepAliveTimeout = 0; // idle connections stay open
require('./listen.cjs')(server);
