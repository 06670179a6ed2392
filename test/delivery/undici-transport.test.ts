import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createUndiciTransport } from '../../src/delivery/undici-transport.js';
import { eventually } from '../support/child-process.js';

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/matomo.php`;
}

function transportTo(url: string) {
  const transport = createUndiciTransport({
    url: new URL(url),
    userAgent: 'opentelemetry-matomo/test',
  });
  onTestFinished(() => transport.close());
  return transport;
}

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  onTestFinished(() => server.closeAllConnections());
  return transportTo(await listen(server));
}

test('a bulk is a POST of JSON by our own user agent, and its answer comes back whole', async () => {
  let seen: unknown;
  const transport = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    seen = [
      method,
      url,
      headers['content-type'],
      headers['user-agent'],
      Buffer.concat(chunks).toString(),
    ];
    response.writeHead(429, {
      'content-type': 'text/html',
      'retry-after': '7',
      location: '/x',
      date: 'Fri, 20 Nov 2026 10:00:00 GMT',
    });
    response.end('busy');
  });
  expect(await transport.send(Buffer.from('{"a":1}'), 1000)).toEqual({
    kind: 'answer',
    status: 429,
    contentType: 'text/html',
    body: 'busy',
    location: '/x',
    retryAfter: '7',
    date: 'Fri, 20 Nov 2026 10:00:00 GMT',
  });
  expect(seen).toEqual([
    'POST',
    '/matomo.php',
    'application/json',
    'opentelemetry-matomo/test',
    '{"a":1}',
  ]);
});

test('the next bulk leaves in the turn of the event loop in which the last was answered, on the same connection', async () => {
  const ports = new Set<number | undefined>();
  const transport = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    request.resume().on('end', () => response.end('{}'));
  });
  let turns = 0;
  let answeredIn = 0;
  const waited: number[] = [];
  const onAnswered = () => {
    answeredIn = turns;
  };
  const onSent = () => waited.push(turns - answeredIn);
  subscribe('undici:request:trailers', onAnswered);
  subscribe('undici:client:sendHeaders', onSent);
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  onTestFinished(() => {
    clearImmediate(counting);
    unsubscribe('undici:request:trailers', onAnswered);
    unsubscribe('undici:client:sendHeaders', onSent);
  });
  for (let i = 0; i < 10; i++) await transport.send(Buffer.from('{}'), 5000);
  const [, ...afterAnAnswer] = waited; // the first waits for its connection
  expect(Math.max(...afterAnAnswer)).toBeLessThanOrEqual(1);
  expect(afterAnAnswer).toHaveLength(9);
  expect(ports.size).toBe(1);
});

test('one connection serves many bulks', async () => {
  const sockets = new Set<Socket>();
  const transport = await serve((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => response.end('{}'));
  });
  for (let i = 0; i < 10; i++) await transport.send(Buffer.from('{}'), 1000);
  expect(sockets.size).toBe(1);
});

test('where nobody listens nothing was sent', async () => {
  const server = createTcpServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const exchange = await transportTo(url).send(Buffer.from('{}'), 1000);
  expect(exchange).toMatchObject({
    kind: 'not_sent',
    error: { message: expect.stringMatching(/^ECONNREFUSED: nobody listens at 127.0.0.1:\d+$/) },
  });
});

test('a name that cannot be found and a server that speaks no TLS were sent nothing either', async () => {
  const url = new URL(await listen(createTcpServer((socket) => socket.end('no TLS'))));
  for (const odd of ['http://matomo.invalid/matomo.php', `https://${url.host}/matomo.php`]) {
    expect((await transportTo(odd).send(Buffer.from('{}'), 5000)).kind).toBe('not_sent');
  }
});

test.each([
  ['before the body is read', (socket: Socket) => socket.once('data', () => socket.destroy())],
  [
    'in the middle of the answer',
    (socket: Socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status"'),
      ),
  ],
  [
    'with something that is no HTTP',
    (socket: Socket) => socket.once('data', () => socket.end('nonsense\r\n\r\n')),
  ],
])(
  'a connection that ends %s leaves it open what became of the bulk',
  async (_when, onConnection) => {
    const transport = transportTo(await listen(createTcpServer(onConnection)));
    expect((await transport.send(Buffer.alloc(500_000, 'a'), 1000)).kind).toBe('no_answer');
  },
);

test('a server that is silent, or dribbles, is given up at the time-out', async () => {
  const dribble = (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer)).on('error', () => undefined);
  };
  for (const onConnection of [() => undefined, dribble]) {
    const transport = transportTo(await listen(createTcpServer(onConnection)));
    const exchange = await transport.send(Buffer.from('{}'), 200);
    expect(exchange).toMatchObject({
      kind: 'no_answer',
      error: { message: 'no answer within 200 ms' },
    });
  }
});

test('an endless answer is cut off', async () => {
  const transport = await serve((_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(10_000, 'x')), 1);
    response.on('close', () => clearInterval(timer));
  });
  const exchange = await transport.send(Buffer.from('{}'), 50_000);
  expect(exchange.kind === 'answer' && exchange.body.length).toBe(65_536);
});

test('close ends what is under way', async () => {
  let hasArrived = false;
  const transport = await serve(() => {
    hasArrived = true;
  });
  const sent = transport.send(Buffer.from('{}'), 60_000);
  await eventually(() => hasArrived);
  await transport.close();
  expect((await sent).kind).toBe('no_answer');
});
