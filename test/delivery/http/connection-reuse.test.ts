import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConnectionReuse } from '../../../src/delivery/http/http-transport.js';
import { eventually } from '../../support/child-process.js';
import { BULK, serve, transportTo, urlOf } from './http-transports.js';

test('one poll phase passes before a connection is reused, and no more', async () => {
  const ports = new Set<number | undefined>();
  const transport = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on('end', () => response.end('{}'));
  });
  await transport.send(BULK, 5000);
  let turns = 0;
  let answeredIn = 0;
  const waited: number[] = [];
  const onSent = () => waited.push(turns - answeredIn);
  subscribe('http.client.request.start', onSent);
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  onTestFinished(() => {
    clearImmediate(counting);
    unsubscribe('http.client.request.start', onSent);
  });
  for (let i = 0; i < 10; i++) {
    await transport.send(BULK, 5000);
    answeredIn = turns;
  }
  const [, ...afterAnAnswer] = waited;
  // An answer is read in a poll phase, and the check phase of that turn is counted too.
  expect(afterAnAnswer).toEqual(Array(9).fill(2));
  expect(ports.size).toBe(1);
});

test.each([
  ['timeout=1', 2],
  ['timeout=1, max=100', 2],
  ['timeout=5', 1],
  ['timeout=10', 1],
])(
  'two requests to a server that allows `Keep-Alive: %s` take %i connections',
  async (allowed, expected) => {
    const ports = new Set<number | undefined>();
    const transport = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { connection: 'keep-alive', 'keep-alive': allowed });
      request.resume().on('end', () => response.end('{}'));
    });
    await transport.send(BULK, 5000);
    await transport.send(BULK, 5000);
    expect(ports.size).toBe(expected);
  },
);

test('the first connection is opened in another turn than the one that built the bulk', async () => {
  let turns = 0;
  setImmediate(() => {
    turns += 1;
  });
  await new ConnectionReuse().next();
  expect(turns).toBe(1);
});

describe('a server that closes connections and does not announce it', () => {
  const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';

  const twelve = (kinds: string[]) => kinds.length === 12;

  /** Closes each connection so many milliseconds after an answer, once `closes` is called. */
  async function serveAndClose(afterMillis: number) {
    let isClosing = false;
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (!isClosing || afterMillis > 0) socket.write(ANSWER);
        else socket.end(ANSWER);
        if (isClosing && afterMillis > 0) setTimeout(() => socket.end(), afterMillis);
      });
    });
    const transport = transportTo(await urlOf(server));
    return {
      connections: () => connections,
      closes: () => {
        isClosing = true;
      },
      async send(isEnough: (kinds: string[]) => boolean): Promise<string[]> {
        const kinds: string[] = [];
        while (!isEnough(kinds)) kinds.push((await transport.send(BULK, 5000)).kind);
        return kinds;
      },
    };
  }

  test('from the start, with its answer: no bulk is lost', async () => {
    const server = await serveAndClose(0);
    server.closes();
    expect(await server.send(twelve)).toEqual(Array(12).fill('answer'));
    expect(server.connections()).toBe(12);
  });

  test('from the start, 20 ms after an answer: one bulk is lost at most', async () => {
    const server = await serveAndClose(20);
    server.closes();
    const kinds = await server.send(() => server.connections() === 10);
    expect(kinds.filter((kind) => kind !== 'answer').length).toBeLessThanOrEqual(1);
  });

  test.each([0, 20])(
    'after it has left them open, %i ms after an answer: one bulk is lost at most',
    async (afterMillis) => {
      const server = await serveAndClose(afterMillis);
      expect(await server.send(twelve)).toEqual(Array(12).fill('answer'));
      expect(server.connections()).toBe(1);
      server.closes();
      const kinds = await server.send(() => server.connections() === 10);
      expect(kinds.filter((kind) => kind !== 'answer').length).toBeLessThanOrEqual(1);
    },
  );
});

test('after a server has closed an idle connection, connections are not reused for a while', async () => {
  const announced: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const transport = await serve((request, response) => {
    announced.push(request.headers.connection);
    sockets.add(request.socket);
    request.resume().on('end', () => response.end('{}'));
  });
  await transport.send(BULK, 5000);
  await transport.send(BULK, 5000);
  for (const socket of sockets) socket.end();
  await eventually(() => [...sockets].every(({ destroyed }) => destroyed));
  for (let i = 0; i < 2; i++) await transport.send(BULK, 5000);
  expect(announced).toEqual(['keep-alive', 'keep-alive', 'close', 'close']);
});

describe('after an outage, connections are reused within ten seconds', () => {
  /** A Matomo, and how many bulks each of its connections has had. */
  async function start() {
    const bulks = new Map<Socket, number>();
    let isHanging = false;
    const server = createServer((request, response) => {
      bulks.set(request.socket, (bulks.get(request.socket) ?? 0) + 1);
      request.resume().on('end', () => !isHanging && response.end('{}'));
    });
    const transport = transportTo(await urlOf(server));
    return {
      send: (timeoutMillis = 5000) => transport.send(BULK, timeoutMillis),
      hang() {
        isHanging = true;
        bulks.clear();
      },
      /** Connections that have had a bulk since it hangs. */
      connections: () => bulks.size,
      /** Closes all connections, which is not announced, and is well from now on. */
      restart() {
        isHanging = false;
        for (const socket of bulks.keys()) socket.destroy();
      },
      /** Sends until a connection has had 20 bulks. */
      async untilReused(): Promise<number> {
        const start = performance.now();
        bulks.clear();
        await eventually(async () => {
          await transport.send(BULK, 5000);
          return [...bulks.values()].some((count) => count === 20);
        });
        return performance.now() - start;
      },
    };
  }

  test('Matomo hangs, then closes its connections', async () => {
    const matomo = await start();
    await matomo.untilReused();
    matomo.hang();
    await eventually(async () => (await matomo.send(100)).kind === 'no_answer');
    const sent = matomo.send();
    await eventually(() => matomo.connections() === 2);
    matomo.restart();
    expect((await sent).kind).toBe('no_answer');
    expect(await matomo.untilReused()).toBeLessThan(10_000);
  });

  test('Matomo closes idle connections', async () => {
    const matomo = await start();
    await matomo.untilReused();
    matomo.restart();
    expect(await matomo.untilReused()).toBeLessThan(10_000);
  });
});

test('a close that the server announces, and one by this side, leave connections to be reused', async () => {
  const announced: (string | undefined)[] = [];
  let closed = 0;
  const transport = await serve((request, response) => {
    announced.push(request.headers.connection);
    request.socket.once('close', () => {
      closed += 1;
    });
    if (announced.length < 3) response.setHeader('connection', 'close');
    request.resume().on('end', () => response.end('{}'));
  });
  for (let bulks = 1; bulks <= 4; bulks++) {
    await transport.send(BULK, 5000);
    await eventually(() => closed === bulks); // the last ones after a second without a bulk
  }
  expect(announced).toEqual(Array(4).fill('keep-alive'));
});

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['none', (text: string) => Buffer.from(text)],
] as const)(
  'an answer with content-encoding %s is read, though none is asked for',
  async (encoding, encode) => {
    let asked: string | string[] | undefined;
    const transport = await serve((request, response) => {
      asked = request.headers['accept-encoding'];
      response.setHeader('content-encoding', encoding);
      request.resume().on('end', () => response.end(encode('{"tracked":1}')));
    });
    expect(await transport.send(BULK, 5000)).toMatchObject({ body: '{"tracked":1}' });
    expect(asked).toBe('identity');
  },
);

test.each([
  ['is no gzip', Buffer.from('{"tracked":1}')],
  ['is larger than 64 kB', gzipSync(Buffer.alloc(65_537, 'x'))],
])('an answer that claims to be gzip and %s stays as it is', async (_why, body) => {
  const transport = await serve((request, response) => {
    response.setHeader('content-encoding', 'gzip');
    request.resume().on('end', () => response.end(body));
  });
  expect(await transport.send(BULK, 5000)).toMatchObject({
    kind: 'answer',
    body: body.toString('utf8'),
  });
});
