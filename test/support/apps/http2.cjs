// Speaks HTTP/2. Paths below `/stream` are answered by the `stream` event, others by the compatibility API.
const http2 = require('node:http2');
const { join } = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');

/** A file that is sent in many parts. */
const FILE = join(__dirname, '../../fixtures/matomo-corpus/bulks.jsonl');

/** The whole body, in the async context in which it arrives. */
function readBody(request, use) {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text) => {
    body += text;
  });
  request.on('end', () => use(body));
}

/** By path: `request` and `response` are of the compatibility API. */
const HANDLERS = {
  '/pending': (_request, response) => {
    response.setHeader('content-length', 8e6);
    response.write(Buffer.alloc(8e6)); // more than a client receives that leaves
  },
  '/half': (_request, response) => {
    response.writeHead(200);
    response.write('half');
  },
  '/events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  },
  '/reset': (_request, response) => response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
  '/session-destroyed': (_request, response) => {
    response.writeHead(200);
    response.write('half');
    setImmediate(() => response.stream.session.destroy());
  },
  '/pushed': (_request, response) => {
    response.stream.pushStream({ ':path': '/push.css' }, (error, pushed) => {
      if (!error) pushed.respond({ ':status': 200 });
      pushed?.end('css');
    });
    response.end('ok');
  },
};

/** Streams that are still in memory. */
const streams = new Set();
HANDLERS['/memory'] = async (_request, response) => {
  for (let i = 0; i < 3; i++) {
    await turn();
    global.gc();
  }
  for (const reference of streams) if (!reference.deref()) streams.delete(reference);
  response.end(JSON.stringify({ streams: streams.size }));
};

/** Its async context lives for as long as the process. */
HANDLERS['/remembered'] = (_request, response) => {
  setInterval(() => undefined, 2 ** 30).unref();
  response.end('ok');
};

/** By path below `/stream`. */
const STREAM_HANDLERS = {
  '/large': (stream) =>
    readBody(stream, () => {
      stream.respond();
      stream.end(Buffer.alloc(40e6)); // more than the buffers of a connection take
    }),
  '/file': (stream) => stream.respondWithFile(FILE, { 'Content-Type': 'text/html' }),
};

function onRequest(request, response) {
  if (request.url.startsWith('/stream/')) return;
  const handle = HANDLERS[request.url.split('?')[0]];
  if (handle) void handle(request, response);
  else response.end('ok');
}

// Without these, Node.js ends a session after a thousand resets.
const unlimited = { streamResetBurst: 1e6, streamResetRate: 1e6 };
const server = http2.createServer(unlimited, onRequest);
server.on('session', (session) => session.on('error', () => undefined));
server.on('stream', (stream, headers) => {
  if (process.env.COUNTS_STREAMS) streams.add(new WeakRef(stream));
  const path = headers[':path'];
  if (!path.startsWith('/stream/')) return;
  const handle = STREAM_HANDLERS[path.slice('/stream'.length).split('?')[0]];
  stream.on('error', () => undefined);
  if (handle) void handle(stream, headers);
  else {
    stream.respond();
    stream.end('ok');
  }
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
