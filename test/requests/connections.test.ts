import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { type Handler, startBoth, TRACKED } from '../support/both-services.js';
import { eventually } from '../support/child-process.js';
import { sorted } from '../support/sorted.js';

/** Without `Expect`, a service of both kinds does not see it. */
const requestFor = (path = '/r', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: shop.example\r\nExpect: 100-continue\r\n\r\n`;
const answer = (status: number) => `HTTP/1.1 ${status} As Written\r\nContent-Length: 2\r\n\r\nok`;
const MUCH = Buffer.alloc(32 << 20); // more than sockets buffer

function open(port: number, bytes = requestFor()): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  return socket;
}

const statusesOf = (hits: readonly InspectedHit[]) => hits.map(({ status }) => String(status));
const titlesOf = (hits: readonly InspectedHit[]) =>
  sorted(hits.map(({ stored, status }) => `${stored?.title} ${status}`));

const SERVERS: readonly (readonly [status: string, what: string, handle: Handler])[] = [
  [
    '404',
    'socket.end(answer), response.end() later',
    ({ socket }, response) => {
      socket.once('close', () => response.end('too late')).end(answer(404));
    },
  ],
  [
    '500',
    'response.write(), socket.end(the rest)',
    ({ socket }, response) => {
      response.writeHead(206, { 'content-length': 100 });
      response.write('half', () => socket.end('HTTP/1.1 404 is a part of the body'));
    },
  ],
  ['500', 'response.destroy(error)', (_, response) => void response.destroy(new Error('own'))],
];

test.each(
  SERVERS.flatMap(([status, what, handle]) =>
    TRACKED.map((tracked) => [status, what, tracked, handle] as const),
  ),
)('%s after %s (%s)', async (status, _what, tracked, handle) => {
  const service = await startBoth(tracked, handle);
  open(service.port).resume();
  expect(statusesOf(await service.hitsOf(1))).toEqual([status]);
});

const writeMuch: Handler = (_request, response) => void response.write(MUCH);
const endMuch: Handler = (_request, response) => void response.end(MUCH);
/** Written to the last byte; `end()` comes after the client has left. */
const complete: Handler = (_request, response) => {
  response.setHeader('content-length', 5);
  response.write('hello');
  response.once('close', () => response.end());
};
const inform: Handler = (_request, response) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  response.writeProcessing();
  response.writeContinue();
  response.setHeader('content-length', 100);
  response.write('half');
};

type Leave = (socket: Socket) => unknown;
const close: Leave = (socket) => socket.destroy();
const reset: Leave = (socket) => socket.resetAndDestroy();
const end: Leave = (socket) => socket.resume().end();

type Client = [status: string, how: string, when: string, leave: Leave, handle: Handler];
const CLIENTS: Client[] = [
  ['499', 'ends its side', 'while the server writes', end, writeMuch],
  ['499', 'resets the connection', 'after end(), with bytes that were not sent', reset, endMuch],
  [
    '499',
    'resets the connection',
    'after socket.end(), with bytes that were not sent',
    reset,
    ({ socket }) => void socket.end(MUCH),
  ],
  ['499', 'ends its side', 'after the last byte, and before response.end()', end, complete],
  ['499', 'leaves', 'after informational responses', close, inform],
];

test.each<Client>(CLIENTS)('%s if the client %s %s', async (status, _how, _when, leave, handle) => {
  const service = await startBoth('with tracing', handle);
  const socket = open(service.port);
  await once(socket, 'readable');
  leave(socket);
  expect(statusesOf(await service.hitsOf(1))).toEqual([status]);
});

const chunked = (body: string) =>
  `${requestFor('/r', 'POST').trimEnd()}\r\nTransfer-Encoding: chunked\r\n\r\n${body}\r\n`;
const read: Handler = (request) => void request.resume();
const begin: Handler = (request, response) => {
  request.resume();
  response.flushHeaders();
};

const ends =
  (bytes: string) =>
  (_error: Error, socket: Duplex): void => {
    socket.end(bytes);
  };
/** Fastify writes a status, and then destroys the socket with the error. */
const destroys =
  (bytes: string) =>
  (error: Error, socket: Duplex): void => {
    socket.write(bytes);
    socket.destroy(error);
  };

// What Node.js writes to the socket, or a listener of `clientError` does.
test.each([
  ['400', 'a body that cannot be parsed', 'no size', read, undefined],
  ['413', 'a chunk with a long extension', `1;${'x'.repeat(20_000)}`, read, undefined],
  ['431', 'long trailers', `0\r\nX: ${'x'.repeat(20_000)}`, read, undefined],
  ['418', 'an own answer to such a body', 'no size', read, ends(answer(418))],
  ['400', 'such a body, if a listener destroys the socket', 'no size', read, destroys(answer(400))],
  ['499', 'such a body, if a listener writes nothing', 'no size', read, destroys('')],
  ['499', 'such a body after the response has begun', 'no size', begin, undefined],
])('%s after %s', async (status, _what, body, handle, listener) => {
  const service = await startBoth('with tracing', handle);
  if (listener) service.server.on('clientError', listener);
  open(service.port, chunked(body)).resume();
  expect(statusesOf(await service.hitsOf(1))).toEqual([status]);
});

test.each([
  ['408', 'nobody listens to clientError', undefined],
  ['408', 'a listener of clientError has written it', destroys(answer(408))],
] as const)('%s after a body that takes too long, if %s', async (status, _what, listener) => {
  const settings = { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 50 };
  const service = await startBoth('without tracing', () => undefined, { settings });
  if (listener) service.server.on('clientError', listener);
  open(
    service.port,
    `${requestFor('/r', 'POST').trimEnd()}\r\nContent-Length: 9\r\n\r\nslow`,
  ).resume();
  expect(statusesOf(await service.hitsOf(1))).toEqual([status]);
});

test('499 if the client ends the connection first, whatever the server ends then', async () => {
  const service = await startBoth('without tracing', ({ socket }) => {
    socket.once('end', () => socket.end(answer(200)));
    client.end();
  });
  const client = open(service.port).resume();
  expect(statusesOf(await service.hitsOf(1))).toEqual(['499']);
});

type Act = (socket: Socket, requests: readonly IncomingMessage[]) => unknown;
const PIPELINED: [status: string, first: string, what: string, act: Act][] = [
  ['499', '499', 'the client closes the connection', close],
  ['500', '500', 'the server destroys it', (_, [first]) => first?.socket.destroy()],
  ['500', '201', 'the server answers on it', (_, [first]) => first?.socket.end(answer(201))],
];

test.each(PIPELINED.flatMap((row) => TRACKED.map((tracked) => [...row, tracked] as const)))(
  'pipelined requests that wait for their turn have status %s, and the first one %s, if %s (%s)',
  async (status, first, _what, act, tracked) => {
    const requests: IncomingMessage[] = [];
    const service = await startBoth(tracked, (request, response: ServerResponse) => {
      requests.push(request);
      if (request.url === '/ready') response.end('waits for its turn');
    });
    const bytes = ['/runs', '/waits', '/ready'].map((path) => requestFor(path)).join('');
    const socket = open(service.port, bytes);
    await eventually(() => requests.length === 3);
    act(socket.resume(), requests);
    const expected = [`GET /ready ${status}`, `GET /runs ${first}`, `GET /waits ${status}`];
    expect(titlesOf(await service.hitsOf(3))).toEqual(expected);
  },
);
