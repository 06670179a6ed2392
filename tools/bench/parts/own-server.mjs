// A server of Node.js that gets requests from streams, recorded ones or different ones:
// `own-server.mjs <url of the sink> none|matomoTracker|plain|dimensions|options [different]`. Sends whether the package can do that. Asked
// for a number, it makes so many requests; asked for `cpu`, it sends the CPU microseconds used so far; asked for `bytes`, those of its heap.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { hideInstrumentation, load, trackWithoutTracing } from './package.mjs';
import { createDifferentRequests } from './requests.mjs';
import { TRACKERS } from './trackers.mjs';

/** So few that bulks are sent as fast as hits are made: all are answered in one turn of the event loop. */
const CONNECTIONS = 10;
const REQUESTS_OF_A_CONNECTION = 20;
const DIFFERENT = 20_000;
const RECORDED = new URL('recorded-requests.txt', import.meta.url);

const [sink, way, variety] = process.argv.slice(2);
const isDifferent = variety === 'different';
const visitors = isDifferent ? 10_000 : 1000;
const kinds = isDifferent ? createDifferentRequests(DIFFERENT).map(toGet) : readKinds();
const responses = new Map(kinds.map(({ target, response }) => [target, response]));

function readKinds() {
  return readFileSync(RECORDED, 'utf8').split(/^### /m).slice(1).map(toKind);
}

function toGet({ path, query, host, userAgent, acceptLanguage, referrer }) {
  const target = `GET ${path}?${query}`;
  const head = [
    `${target} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent}`,
    `Accept-Language: ${acceptLanguage}`,
    `Referer: ${referrer}`,
  ];
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
  return { target, bytes, response: { status: 200, type: 'text/html' } };
}

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

const byHand = way === 'matomoTracker' ? TRACKERS.matomoTracker(sink) : undefined;
const server = createServer((request, response) => {
  byHand?.onRequest(request, response);
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

/** Each connection sends twenty requests, begins with another one than the connection before it, and ends. */
let connected = 0;
function makeRequests(left) {
  return new Promise((resolve) => {
    let answered = 0;
    function connect() {
      const visitor = connected++ % visitors;
      const first = connected * (REQUESTS_OF_A_CONNECTION + 1);
      let sent = 0;
      const connection = new Connection(toAddress(visitor), next);
      server.emit('connection', connection);
      request();
      function request() {
        connection.push(kinds[(first + sent++) % kinds.length].bytes);
      }
      function next() {
        answered += 1;
        if (answered === left) resolve();
        if (sent < REQUESTS_OF_A_CONNECTION) request();
        else {
          connection.push(null);
          if (answered + CONNECTIONS * REQUESTS_OF_A_CONNECTION <= left) connect();
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
  if (way === 'none' || byHand) return true;
  if (way === 'plain' && load('opentelemetry-matomo').start === undefined) {
    hideInstrumentation();
    const environment = { URL: sink, SITE_ID: '1', TOKEN_AUTH: 'bench', SCHEDULE_DELAY: '200' };
    for (const [name, value] of Object.entries(environment)) process.env[`MATOMO_${name}`] = value;
    process.env.MATOMO_MAX_QUEUE_SIZE = '400000';
    load('opentelemetry-matomo/register');
    return true;
  }
  if (load('opentelemetry-matomo').start === undefined) return false;
  trackWithoutTracing({ ...options, ...OPTIONS[way] });
  return true;
}

const DIMENSIONS = { 1: 'http.request.method', 2: 'http.response.status_code' };
const OPTIONS = {
  dimensions: { dimensions: DIMENSIONS },
  options: {
    dimensions: DIMENSIONS,
    userId: (request) => request.header('x-api-key') ?? request.address,
  },
};

const canTrack = track();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('disconnect', () => process.exit());
process.on('message', async (message) => {
  if (typeof message === 'number') await makeRequests(message);
  const { user, system } = process.cpuUsage();
  process.send(message === 'bytes' ? process.memoryUsage().heapUsed : user + system);
});
process.send(canTrack);
