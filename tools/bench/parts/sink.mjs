// Takes what servers send to Matomo or to an OTLP collector, and does nothing with it but count the hits. If all bulks are of the same
// size not even that: `sink.mjs [<hits in a bulk>]`. It answers any message with the hits so far.
import { createServer } from 'node:http';

const SEPARATOR = Buffer.from('","'); // hits are percent-encoded and hold no quote
const OTLP_PATH = '/v1/traces';
const fixedHits = Number(process.argv[2] ?? 0);
let received = 0;

function countHits(body) {
  let hits = body.includes('?') ? 1 : 0;
  for (let i = body.indexOf(SEPARATOR); i >= 0; i = body.indexOf(SEPARATOR, i + 3)) hits += 1;
  return hits;
}

const server = createServer((request, response) => {
  const chunks = [];
  if (fixedHits === 0) request.on('data', (chunk) => chunks.push(chunk));
  else request.resume();
  request.on('end', () => answer(request, response, chunks));
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
process.on('message', () => process.send(received));
process.on('disconnect', () => process.exit());
