// Takes bulk requests as Matomo would and does nothing with them but count the hits.
import { createServer } from 'node:http';

const SEPARATOR = Buffer.from('","'); // hits are percent-encoded and hold no quote
let received = 0;

function countHits(body) {
  let hits = body.includes('?idsite=') ? 1 : 0;
  for (let i = body.indexOf(SEPARATOR); i >= 0; i = body.indexOf(SEPARATOR, i + 3)) hits += 1;
  return hits;
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const hits = countHits(Buffer.concat(chunks));
    received += hits;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`{"status":"success","tracked":${hits},"invalid":0}`);
  });
});

server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.on('message', () => process.send(received));
process.on('disconnect', () => process.exit());
