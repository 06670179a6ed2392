// A server of Node.js that gets recorded requests from streams: `own-server.mjs none|plain|options <url of the sink>`. Sends whether
// the package can do that. Asked for a number, it makes so many requests; asked for `cpu`, it sends the CPU microseconds used so far.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { hideInstrumentation, load, trackWithoutTracing } from './package.mjs';

/** So few that bulks are sent as fast as hits are made: all are answered in one turn of the event loop. */
const CONNECTIONS = 10;
const VISITORS = 1000;
const RECORDED = new URL('recorded-requests.txt', import.meta.url);

const [way, sink] = process.argv.slice(2);
const kinds = readFileSync(RECORDED, 'utf8').split(/^### /m).slice(1).map(toKind);
const responses = new Map(kinds.map(({ target, response }) => [target, response]));

function toKind(text) {
  const [, status, type, request] = /^(\d+) ?([\w/]*) \([^\n]*\n(.*)$/s.exec(text);
  const [head, body] = request.split('\n\n');
  const bytes = Buffer.from(`${head.replaceAll('\n', '\r\n')}\r\n\r\n${body?.trim() ?? ''}`);
  const [target] = head.split(' HTTP/');
  return { target, bytes, response: { status: Number(status), type } };
}

/** A connection of a client. Node.js writes a response at once, in one chunk or several. */
class Connection extends Duplex {
  constructor(address, onResponse) {
    super();
    this.remoteAddress = address;
    this.onResponse = onResponse;
  }
  _read() {}
  _write(_chunk, _encoding, done) {
    this._writev([], done);
  }
  _writev(_chunks, done) {
    done();
    setImmediate(this.onResponse);
  }
}

const server = createServer((request, response) => {
  if (request.headers['content-length'] === undefined) {
    respond(request, response);
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    request.body = JSON.parse(Buffer.concat(chunks)); // as body-parser does
    respond(request, response);
  });
});

function respond({ method, url }, response) {
  const { status, type } = responses.get(`${method} ${url}`);
  response.statusCode = status;
  if (type) response.setHeader('Content-Type', type);
  response.end(type ? '{"id":1}' : undefined);
}

/** Each connection sends all kinds, begins with another one than the connection before it, and ends. */
let connected = 0;
function makeRequests(left) {
  return new Promise((resolve) => {
    let answered = 0;
    function connect() {
      const first = connected++;
      let sent = 0;
      const connection = new Connection(toAddress(first % VISITORS), next);
      server.emit('connection', connection);
      request();
      function request() {
        connection.push(kinds[(first + sent++) % kinds.length].bytes);
      }
      function next() {
        answered += 1;
        if (answered === left) resolve();
        if (sent < kinds.length) request();
        else {
          connection.push(null);
          if (answered + CONNECTIONS * kinds.length <= left) connect();
        }
      }
    }
    for (let i = 0; i < CONNECTIONS; i++) connect();
  });
}

function toAddress(visitor) {
  return `10.0.${visitor >> 8}.${visitor & 255}`;
}

/** Whether it tracks: versions before `start` cannot have functions as options. */
function track() {
  const options = { url: sink, scheduledDelayMillis: 200 };
  if (way === 'none') return true;
  if (way === 'plain' && load('opentelemetry-matomo').start === undefined) {
    hideInstrumentation();
    const environment = { URL: sink, SITE_ID: '1', TOKEN_AUTH: 'bench', SCHEDULE_DELAY: '200' };
    for (const [name, value] of Object.entries(environment)) process.env[`MATOMO_${name}`] = value;
    process.env.MATOMO_MAX_QUEUE_SIZE = '400000';
    load('opentelemetry-matomo/register');
    return true;
  }
  if (load('opentelemetry-matomo').start === undefined) return false;
  trackWithoutTracing({ ...options, ...(way === 'options' && OPTIONS) });
  return true;
}

const OPTIONS = {
  dimensions: { 1: 'http.request.method', 2: 'http.response.status_code' },
  userId: (request) => request.header('x-api-key') ?? request.address,
};

const canTrack = track();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (message !== 'cpu') await makeRequests(message);
  const { user, system } = process.cpuUsage();
  process.send(user + system);
});
process.send(canTrack);
