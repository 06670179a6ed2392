import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { tlsFile } from '../support/fault-proxy.js';
import { listen } from '../support/listen.js';
import { startTracedService, type TracedService } from '../support/traced-service.js';

// The instrumentation hooks `require`, not `import`.
const require = createRequire(import.meta.url);

const REQUEST = 'GET /r HTTP/1.1\r\nHost: shop.example\r\n\r\n';

type Scheme = 'http' | 'https';

interface Service extends TracedService {
  /** Opens a connection and sends one request, whose answer nobody reads. */
  open(bytes?: string): Promise<Client>;
}

interface Client {
  readonly connection: Socket;
  /** Encrypts what goes over the connection; the same object without TLS. */
  readonly socket: Socket;
}

async function startService(scheme: Scheme, listener: RequestListener): Promise<Service> {
  const service = await startTracedService(listener);
  const port = scheme === 'http' ? service.port : await listenTls(listener);
  return {
    ...service,
    async open(bytes = REQUEST) {
      const connection = connect(port, '127.0.0.1');
      const socket =
        scheme === 'http'
          ? connection
          : connectTls({ socket: connection, rejectUnauthorized: false });
      for (const each of [connection, socket]) each.on('error', () => undefined); // resets
      onTestFinished(() => void connection.destroy());
      await once(socket, scheme === 'http' ? 'connect' : 'secureConnect');
      socket.write(bytes);
      return { connection, socket };
    },
  };
}

async function listenTls(listener: RequestListener): Promise<number> {
  const { createServer } = require('node:https') as typeof import('node:https');
  const certificate = { cert: tlsFile('server.pem'), key: tlsFile('server.key') };
  return Number(new URL(await listen(createServer(certificate, listener))).port);
}

async function statusOfHit(service: Service): Promise<string | undefined> {
  await service.requests(1);
  const [hit, ...others] = await service.hits();
  expect(others).toEqual([]);
  return hit?.stored?.custom_var_v1;
}

const CLIENTS: [string, (client: Client) => void][] = [
  ['ends its side', ({ socket }) => void socket.resume().end()],
  ['closes the connection', ({ connection }) => void connection.destroy()],
  ['resets the connection', ({ connection }) => void connection.resetAndDestroy()],
];
const PROGRESS: [string, (response: ServerResponse) => void][] = [
  ['before the response', () => undefined],
  ['during the response', (response) => void response.write('half')],
  // More than the sockets' buffers: the server is still writing when the client leaves.
  ['while the server writes', (response) => void response.write(Buffer.alloc(32 << 20))],
];
const SCHEMES: Scheme[] = ['http', 'https'];

for (const scheme of SCHEMES) {
  for (const [leaves, leave] of CLIENTS) {
    // TLS has buffers of its own.
    for (const [when, begin] of scheme === 'http' ? PROGRESS : PROGRESS.slice(-1)) {
      test(`${scheme}: 499 if the client ${leaves} ${when}`, async () => {
        let isServed = false;
        const service = await startService(scheme, (_request, response) => {
          begin(response);
          isServed = true;
        });
        const client = await service.open();
        await eventually(() => isServed);
        leave(client);
        expect(await statusOfHit(service)).toBe('499');
      });
    }
  }
}

/** Written to the last byte; `end()` comes after the client has left, or never. */
const COMPLETE: [string, string, (response: ServerResponse) => void][] = [
  ['GET', 'a body with Content-Length', (response) => void response.write('hello')],
  ['HEAD', 'a response without a body', (response) => void response.flushHeaders()],
];

for (const scheme of SCHEMES) {
  for (const [leaves, leave] of CLIENTS) {
    test.each(COMPLETE)(
      `${scheme}: the own status if the client ${leaves} after the last byte of %s: %s`,
      async (method, _what, write) => {
        const service = await startService(scheme, (_request, response) => {
          response.setHeader('content-length', 5);
          write(response);
          response.once('close', () => response.end());
        });
        const client = await service.open(REQUEST.replace('GET', method));
        await once(client.socket, 'data');
        leave(client);
        expect(await statusOfHit(service)).toBe('200');
      },
    );

    test(`${scheme}: 499 if the client ${leaves} before the last byte`, async () => {
      const service = await startService(scheme, (_request, response) => {
        response.setHeader('content-length', 6);
        response.write('hello');
      });
      const client = await service.open();
      await once(client.socket, 'data');
      leave(client);
      expect(await statusOfHit(service)).toBe('499');
    });
  }

  // The other client reads on.
  test.each(CLIENTS.slice(1))(
    `${scheme}: 499 if the client %s after end(), with bytes that were not sent`,
    async (_leaves, leave) => {
      const service = await startService(scheme, (_request, response) => {
        response.end(Buffer.alloc(32 << 20));
      });
      const client = await service.open();
      await once(
        client.socket.once('data', () => client.socket.pause()),
        'data',
      );
      leave(client);
      expect(await statusOfHit(service)).toBe('499');
    },
  );
}

test.each(['after the headers', 'with the headers'])(
  '499 if the client leaves after informational responses, which are larger than what is missing: %s',
  async (when) => {
    const service = await startService('http', (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      response.writeProcessing();
      response.writeContinue();
      response.setHeader('content-length', 100);
      if (when === 'after the headers') response.flushHeaders();
      response.write('half');
    });
    const client = await service.open();
    let received = '';
    client.socket.on('data', (bytes) => {
      received += bytes;
    });
    await eventually(() => received.endsWith('half'));
    client.socket.destroy();
    expect(await statusOfHit(service)).toBe('499');
  },
);

test('bytes of other responses on the connection, and of 100 Continue, are no part of a response', async () => {
  const responses: ServerResponse[] = [];
  const service = await startService('http', (request, response) => {
    responses.push(response);
    if (request.method === 'GET') return;
    response.setHeader('content-length', 25);
    response.flushHeaders();
  });
  const { socket } = await service.open(
    `${REQUEST}POST /r HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx`,
  );
  await eventually(() => responses.length === 2);
  responses[0]?.end('more bytes than the other response is to have');
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  await eventually(() => received.includes('content-length: 25'));
  socket.destroy();
  await service.requests(2);
  const statuses = (await service.hits()).map(({ stored }) => stored?.custom_var_v1);
  expect(statuses).toEqual(['200', '499']);
});

test.each([
  ['the client leaves', (socket: Socket) => void socket.destroy()],
  ['the server ends it', (_: Socket, response?: ServerResponse) => void response?.end()],
  ['the server destroys it', (_: Socket, response?: ServerResponse) => void response?.destroy()],
])('an event stream has its own status and no timing if %s', async (_how, stop) => {
  let stream: ServerResponse | undefined;
  const service = await startService('http', (_request, response) => {
    stream = response.writeHead(203, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('data: 1\n\n');
  });
  const { socket } = await service.open();
  await once(socket, 'data');
  stop(socket, stream);
  expect(await statusOfHit(service)).toBe('203');
  const [hit] = service.inspector.hits();
  expect(hit?.params).toHaveProperty('action_name');
  for (const name of ['gt_ms', 'pf_srv']) expect(hit?.params).not.toHaveProperty(name);
});

const SERVERS: [string, string, (request: IncomingMessage, response: ServerResponse) => void][] = [
  ['500', 'destroys the response', (_request, response) => void response.destroy()],
  ['500', 'destroys it with an error', (_, response) => void response.destroy(new Error('own'))],
  ['500', 'destroys the socket', (request) => void request.socket.destroy()],
  [
    '500',
    'destroys an idle socket',
    ({ socket }) => void socket.setTimeout(20, () => socket.destroy()),
  ],
  [
    '500',
    'destroys a response that has begun',
    (_request, response) => response.write('half', () => response.destroy()),
  ],
  [
    '500',
    'ends a response that it has destroyed, as a handler may that catches an error',
    (_request, response) => response.write('half', () => void response.destroy().end()),
  ],
  [
    '503',
    'destroys a response after an error status',
    (_request, response) => {
      response.writeHead(503).write('half', () => response.destroy());
    },
  ],
];

test.each(SERVERS)('%s if the server %s', async (status, _what, act) => {
  const service = await startService('http', act);
  await service.open();
  expect(await statusOfHit(service)).toBe(status);
});

test('499 if the client leaves while it sends the body', async () => {
  let hasBegun = false;
  const service = await startService('http', (request) => {
    request.once('data', () => {
      hasBegun = true;
    });
  });
  const { socket } = await service.open(
    'POST /r HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1000\r\n\r\nhalf',
  );
  await eventually(() => hasBegun);
  socket.destroy();
  expect(await statusOfHit(service)).toBe('499');
});

test('499 if the client sends a body that no HTTP parser reads', async () => {
  const service = await startService('http', (request) => void request.resume());
  await service.open(
    'POST /r HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n',
  );
  expect(await statusOfHit(service)).toBe('499');
});
