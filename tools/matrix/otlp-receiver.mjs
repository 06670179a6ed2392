import { once } from 'node:events';
import { createServer } from 'node:http';

/** Where an application's own exporter sends to: takes OTLP/HTTP in JSON and keeps the name and kind of each span. */
export async function startOtlpReceiver() {
  const spans = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    for (const { scopeSpans = [] } of resourceSpans) {
      for (const scope of scopeSpans) {
        spans.push(...scope.spans.map(({ name, kind }) => `${KINDS[kind]} ${name}`));
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/v1/traces`,
    spans: () => spans.toSorted(byText),
    finish: async () => undefined,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const byText = (a, b) => (a < b ? -1 : 1);
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
