// The same over HTTP/2.
const server = require('node:http2').createServer((_request, response) => response.end('ok'));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
