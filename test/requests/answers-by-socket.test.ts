import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Handler, startBoth, TRACKED } from '../support/both-services.js';
import { sorted } from '../support/sorted.js';

const REQUEST = 'GET /r HTTP/1.1\r\nHost: shop.example\r\nExpect: 100-continue\r\n\r\n';
const answer = (status: number) => `HTTP/1.1 ${status} As Written\r\nContent-Length: 2\r\n\r\nok`;

function open(port: number, bytes = REQUEST): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.resume().write(bytes);
  return socket;
}

const HANDLERS: [string, string, Handler][] = [
  ['200', 'socket.end(answer)', ({ socket }) => void socket.end(answer(200))],
  ['404', 'socket.end(answer)', ({ socket }) => void socket.end(answer(404))],
  ['503', 'socket.end(bytes)', ({ socket }) => void socket.end(Buffer.from(answer(503)))],
  ['401', 'socket.end(answer, encoding)', ({ socket }) => void socket.end(answer(401), 'latin1')],
  [
    '201',
    'socket.end(what is no HTTP)',
    ({ socket }, response) => {
      response.statusCode = 201;
      socket.end('no HTTP');
    },
  ],
  ['200', 'socket.end()', ({ socket }) => void socket.end()],
  [
    '200',
    'socket.write(answer), socket.end()',
    ({ socket }) => {
      socket.write(answer(200));
      socket.end();
    },
  ],
  [
    '202',
    'response.socket.end(answer), response.end()',
    (_request, response) => {
      response.socket?.end(answer(202));
      response.end();
    },
  ],
  [
    '404',
    'response.socket.end(answer), response.end() later',
    (_request, response) => {
      response.socket?.end(answer(404), () => response.end('too late'));
    },
  ],
  [
    '404',
    'response.socket.end(answer), response.end() when the connection is closed',
    ({ socket }, response) => {
      socket.once('close', () => response.end('too late')).end(answer(404));
    },
  ],
  [
    '404',
    'socket.end(answer), response.destroy()',
    ({ socket }, response) => {
      socket.end(answer(404));
      response.destroy();
    },
  ],
  [
    '200',
    'socket.write(answer), socket.destroySoon()',
    ({ socket }) => {
      socket.write(answer(200));
      socket.destroySoon();
    },
  ],
  [
    '200',
    'response.detachSocket(), socket.end(answer)',
    ({ socket }, response) => {
      response.detachSocket(socket);
      socket.end(answer(200));
    },
  ],
  [
    '206',
    'response.write(), socket.end()',
    ({ socket }, response) => {
      response.writeHead(206, { 'content-length': 100 });
      response.write('half', () => socket.end());
    },
  ],
  [
    '206',
    'response.write(), socket.end(the rest)',
    ({ socket }, response) => {
      response.writeHead(206, { 'content-length': 100 });
      response.write('half', () => socket.end('HTTP/1.1 404 is a part of the body'));
    },
  ],
  [
    '418',
    'response.end(), socket.end()',
    ({ socket }, response) => {
      response.writeHead(418).end('ok');
      socket.end();
    },
  ],
  ['500', 'socket.destroy()', ({ socket }) => void socket.destroy()],
  [
    '500',
    'socket.destroy(), response.end()',
    ({ socket }, response) => {
      socket.destroy();
      response.end();
    },
  ],
  [
    '500',
    'socket.write(half), socket.destroy()',
    ({ socket }) => {
      socket.write('HTTP/1.1 2', () => socket.destroy());
    },
  ],
  [
    '500',
    'response.destroy(), response.end()',
    (_request, response) => {
      response.destroy();
      response.end();
    },
  ],
  ['500', 'socket.resetAndDestroy()', ({ socket }) => void socket.resetAndDestroy()],
  [
    '502',
    'response.writeHead(502), socket.destroy()',
    ({ socket }, response) => {
      response.writeHead(502, { 'content-length': 100 });
      response.write('half', () => socket.destroy());
    },
  ],
  [
    '502',
    'the status is changed after it was sent, socket.destroy()',
    ({ socket }, response) => {
      response.writeHead(502, { 'content-length': 100 });
      response.write('half', () => {
        response.statusCode = 404;
        socket.destroy();
      });
    },
  ],
  [
    '204',
    'response.detachSocket(), response.assignSocket(), response.end()',
    ({ socket }, response) => {
      response.detachSocket(socket);
      response.assignSocket(socket);
      response.writeHead(204).end();
    },
  ],
];

for (const tracked of TRACKED) {
  test.each(HANDLERS)(`${tracked}: %s after %s`, async (status, _what, handle) => {
    const service = await startBoth(tracked, handle);
    open(service.port);
    const hits = await service.hitsOf(1);
    expect(hits.map(({ stored }) => stored?.custom_var_v1)).toEqual([status]);
  });

  test(`${tracked}: 499 if the client ends the connection first, whatever the server ends then`, async () => {
    const service = await startBoth(tracked, ({ socket }) => {
      socket.once('end', () => socket.end(answer(200)));
      client.end();
    });
    const client = open(service.port);
    const [hit] = await service.hitsOf(1);
    expect(hit?.stored?.custom_var_v1).toBe('499');
  });

  test(`${tracked}: 499 if the client resets the connection before it has all of the answer`, async () => {
    const service = await startBoth(tracked, ({ socket }) => {
      socket.end(Buffer.alloc(32 << 20));
    });
    const client = open(service.port);
    await once(client.pause(), 'readable');
    client.resetAndDestroy();
    const [hit] = await service.hitsOf(1);
    expect(hit?.stored?.custom_var_v1).toBe('499');
  });

  test(`${tracked}: what a listener of clientError answers is the status of the open request`, async () => {
    const service = await startBoth(tracked, (request) => void request.resume());
    service.server.on('clientError', (_error, socket) => void socket.end(answer(413)));
    open(
      service.port,
      'POST /r HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n',
    );
    const [hit] = await service.hitsOf(1);
    expect(hit?.stored?.custom_var_v1).toBe('413');
  });

  test(`${tracked}: an answer by the socket is that of the first of pipelined requests, and the others have 500`, async () => {
    const requests: IncomingMessage[] = [];
    const service = await startBoth(tracked, (request, response: ServerResponse) => {
      requests.push(request);
      if (request.url === '/ready') response.end('waits for its turn');
      if (requests.length === 3) request.socket.end(answer(201));
    });
    const bytes = ['/first', '/second', '/ready'].map((path) => REQUEST.replace('/r', path));
    open(service.port, bytes.join(''));
    const hits = await service.hitsOf(3);
    const rows = hits.map(({ stored }) => `${stored?.title} ${stored?.custom_var_v1}`);
    expect(sorted(rows)).toEqual(['GET /first 201', 'GET /ready 500', 'GET /second 500']);
  });

  test(`${tracked}: a connection that the application ends between two requests`, async () => {
    const service = await startBoth(tracked, ({ socket }, response) => {
      response.writeHead(203).end('ok', () => setImmediate(() => socket.end()));
    });
    open(service.port);
    const [hit] = await service.hitsOf(1);
    expect(hit?.stored?.custom_var_v1).toBe('203');
  });

  test(`${tracked}: a response that cannot be read does not keep the application from ending the socket`, async () => {
    const service = await startBoth(tracked, ({ socket }, response) => {
      Object.defineProperty(response, 'headersSent', {
        get: () => {
          throw new Error('of the application');
        },
      });
      socket.end(answer(200));
    });
    const client = open(service.port);
    await once(client, 'close');
  });
}
