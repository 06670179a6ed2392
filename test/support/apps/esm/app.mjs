// Knows nothing of OpenTelemetry or Matomo, and loads nothing that requires `http`.
import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('ok'));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
