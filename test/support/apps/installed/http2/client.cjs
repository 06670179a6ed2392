// Sends REQUESTS to the server at URL over one connection with HTTP/2, and prints the status of each response as JSON.
const { once } = require('node:events');
const { connect } = require('node:http2');

async function send(session, { method, path }) {
  const stream = session.request({
    ...JSON.parse(process.env.HEADERS),
    ':method': method,
    ':path': path,
  });
  stream.resume();
  const [{ ':status': status }] = await once(stream, 'response');
  await once(stream, 'close');
  return status;
}

async function run() {
  const session = connect(process.env.URL);
  const statuses = [];
  for (const request of JSON.parse(process.env.REQUESTS))
    statuses.push(await send(session, request));
  session.close();
  process.stdout.write(JSON.stringify(statuses));
}

void run();
