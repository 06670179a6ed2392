// An ES module that knows nothing of OpenTelemetry and uses the ESM build of this package beside register's CJS one.
import { createServer } from 'node:http';
import { annotate, ignore, measure } from 'opentelemetry-matomo';

const server = createServer(async (request, response) => {
  if (request.url === '/ignored') ignore();
  if (request.url === '/tracked') {
    annotate({ dimension1: 'from ESM' });
    await measure('pf_dm1', () => new Promise((resolve) => setTimeout(resolve, 10)));
  }
  response.end('ok');
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
