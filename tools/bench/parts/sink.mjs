// Takes what servers send to Matomo or to an OTLP collector, and does nothing with it but count the hits. If all bulks
// are of the same size not even that: `sink.mjs [<hits in a bulk>]`. With the message `refuse` or `busy` it is down until the message `back`.
// It answers any message with the hits so far, `sockets` with the open sockets, `most in flight` with the most requests at once.
import { once } from 'node:events';
import { createServer } from 'node:http';

const SEPARATOR = Buffer.from('","'); // hits are percent-encoded and hold no quote
const OTLP_PATH = '/v1/traces';
const fixedHits = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
let received = 0;
let sockets = 0;
let inFlight = 0;
let mostInFlight = 0;
let isBusy = false;

function countHits(body) {
  let hits = body.includes('?') ? 1 : 0;
  for (let i = body.indexOf(SEPARATOR); i >= 0; i = body.indexOf(SEPARATOR, i + 3)) hits += 1;
  return hits;
}

const server = createServer((request, response) => {
  inFlight += 1;
  mostInFlight = Math.max(mostInFlight, inFlight);
  response.once('close', () => {
    inFlight -= 1;
  });
  const chunks = [];
  if (fixedHits === undefined) request.on('data', (chunk) => chunks.push(chunk));
  else request.resume();
  request.on('end', () => {
    if (isBusy) {
      response.writeHead(503).end();
      return;
    }
    if (request.url === OTLP_PATH) {
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
      response.end();
      return;
    }
    const hits = request.method === 'GET' ? 1 : (fixedHits ?? countHits(Buffer.concat(chunks)));
    received += hits;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"status":"success","tracked":${hits},"invalid":0}`);
  });
});

server.on('connection', (socket) => {
  sockets += 1;
  socket.on('close', () => {
    sockets -= 1;
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
  process.send({ sockets, 'most in flight': mostInFlight }[message] ?? received);
});
process.on('disconnect', () => process.exit());
process.send(`http://127.0.0.1:${port}`);
