// Takes bulk requests as Matomo would and does nothing with them but count the hits. Told `refuse` or `busy` it is away,
// told `back` no more; it answers any message with the hits so far.
import { once } from 'node:events';
import { createServer } from 'node:http';

const SEPARATOR = Buffer.from('","'); // hits are percent-encoded and hold no quote
let received = 0;
let isBusy = false;

function countHits(body) {
  let hits = body.includes('?idsite=') ? 1 : 0;
  for (let i = body.indexOf(SEPARATOR); i >= 0; i = body.indexOf(SEPARATOR, i + 3)) hits += 1;
  return hits;
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (isBusy) {
      response.writeHead(503).end();
      return;
    }
    const hits = countHits(Buffer.concat(chunks));
    received += hits;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"status":"success","tracked":${hits},"invalid":0}`);
  });
});

/** What is in flight is answered; nobody listens from then on. */
async function stopListening() {
  server.close();
  server.closeIdleConnections();
  await once(server, 'close');
}

async function listen(port) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

const port = await listen(0);
process.on('message', async (message) => {
  if (message === 'busy') isBusy = true;
  if (message === 'refuse') await stopListening();
  if (message === 'back') {
    isBusy = false;
    if (!server.listening) await listen(port);
  }
  process.send(received);
});
process.on('disconnect', () => process.exit());
process.send(`http://127.0.0.1:${port}`);
