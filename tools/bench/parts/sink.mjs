// Takes what servers send to Matomo or to an OTLP collector, and does nothing with it but count the hits. If all bulks are of the same
// size not even that: `sink.mjs [<hits in a bulk>] [<milliseconds until it answers>]`. It answers any message with the hits so far,
// `most in flight` with the most requests at once.
import { createServer } from 'node:http';

const SEPARATOR = Buffer.from('","'); // hits are percent-encoded and hold no quote
const OTLP_PATH = '/v1/traces';
const [fixedHits = 0, delayMillis = 0] = process.argv.slice(2).map(Number);
let received = 0;
let inFlight = 0;
let mostInFlight = 0;

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
  if (fixedHits === 0) request.on('data', (chunk) => chunks.push(chunk));
  else request.resume();
  request.on('end', () => {
    if (delayMillis === 0) answer(request, response, chunks);
    else setTimeout(answer, delayMillis, request, response, chunks);
  });
});

function answer(request, response, chunks) {
  if (request.url === OTLP_PATH) {
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
    response.end();
    return;
  }
  const hits = fixedHits || countHits(Buffer.concat(chunks));
  received += hits;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(`{"status":"success","tracked":${hits},"invalid":0}`);
}

server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.on('message', (message) => {
  process.send(message === 'most in flight' ? mostInFlight : received);
});
process.on('disconnect', () => process.exit());
