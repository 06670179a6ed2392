// Knows nothing of OpenTelemetry or Matomo. Ends by itself when asked at /stop.
const { createServer } = require('node:http');

const server = createServer((request, response) => {
  if (request.url === '/stop') {
    server.close();
    response.setHeader('connection', 'close');
  }
  response.end('ok');
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
