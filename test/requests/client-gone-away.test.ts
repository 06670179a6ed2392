import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startTracedService, type TracedService, until } from '../support/traced-service.js';

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
  const read = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const server = createServer({ cert: read('server.pem'), key: read('server.key') }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
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
    for (const [when, begin] of PROGRESS) {
      test(`${scheme}: 499 if the client ${leaves} ${when}`, async () => {
        let isServed = false;
        const service = await startService(scheme, (_request, response) => {
          begin(response);
          isServed = true;
        });
        const client = await service.open();
        await until(() => isServed);
        leave(client);
        expect(await statusOfHit(service)).toBe('499');
      });
    }
  }
}

const SERVERS: [string, string, (request: IncomingMessage, response: ServerResponse) => void][] = [
  ['500', 'destroys the response', (_request, response) => void response.destroy()],
  ['500', 'destroys it with an error', (_, response) => void response.destroy(new Error('own'))],
  ['500', 'destroys the socket', (request) => void request.socket.destroy()],
  [
    '500',
    'destroys a response that has begun',
    (_request, response) => response.write('half', () => response.destroy()),
  ],
  [
    '503',
    'destroys a response after an error status',
    (_request, response) => {
      response.writeHead(503).write('half', () => response.destroy());
    },
  ],
];

for (const scheme of SCHEMES) {
  test.each(SERVERS)(`${scheme}: %s if the server %s`, async (status, _what, act) => {
    const service = await startService(scheme, act);
    await service.open();
    expect(await statusOfHit(service)).toBe(status);
  });
}

test('499 if the client sends a body that no HTTP parser reads', async () => {
  const service = await startService('http', (request) => void request.resume());
  await service.open(
    'POST /r HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n',
  );
  expect(await statusOfHit(service)).toBe('499');
});
