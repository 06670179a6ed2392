import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { eventually } from '../support/child-process.js';
import { collectGarbage } from '../support/kept-bytes.js';
import { listen } from '../support/listen.js';
import { get, startRegistered } from '../support/registered-app.js';
import { startProcessor } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

const requestFor = (path: string) => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`;
const requestsFor = (...paths: string[]) => paths.map(requestFor).join('');

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').resume();
  socket.on('error', () => undefined); // resets
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Answers `/answered` only. */
function startPipelinedService() {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    if (request.url === '/answered') response.end();
    if (request.url === '/ready') response.end('waits for its turn');
  };
  return startTracedService(listener).then((service) => ({ service, requests }));
}

const statusesOf = (hits: readonly InspectedHit[]) =>
  sorted(hits.map(({ stored }) => `${stored?.title} ${stored?.custom_var_v1}`));

const LEAVING: [string, string, (socket: Socket, requests: IncomingMessage[]) => void][] = [
  ['499', 'the client ends its side', (socket) => void socket.end()],
  ['499', 'the client closes the connection', (socket) => void socket.destroy()],
  ['499', 'the client resets the connection', (socket) => void socket.resetAndDestroy()],
  ['500', 'the server destroys the connection', (_, [first]) => void first?.socket.destroy()],
];

test.each(LEAVING)(
  'pipelined requests that wait for their turn have status %s if %s',
  async (status, _what, leave) => {
    const { service, requests } = await startPipelinedService();
    const socket = open(service.port);
    socket.write(requestsFor('/answered', '/runs', '/waits', '/ready'));
    await eventually(() => requests.length === 4);
    leave(socket, requests);
    await service.requests(4);
    expect(statusesOf(await service.hits())).toEqual([
      'GET /answered 200',
      `GET /ready ${status}`,
      `GET /runs ${status}`,
      `GET /waits ${status}`,
    ]);
  },
);

test('without tracing, they have status 499 too', async () => {
  const env = { MATOMO_SCHEDULE_DELAY: '100' };
  const { inspector, app } = await startRegistered('pipelined.cjs', env);
  const socket = open(Number(new URL(app.url).port));
  socket.write(requestsFor('/answered', '/runs', '/waits'));
  await eventually(async () => JSON.parse(await get(`${app.url}/heap`)).waiting === 2);
  socket.destroy();
  await eventually(() => inspector.hits().some(({ stored }) => stored?.title === 'GET /waits'));
  const others = inspector.hits().filter(({ stored }) => stored?.title !== 'GET /heap');
  expect(statusesOf(others)).toEqual(['GET /answered 200', 'GET /runs 499', 'GET /waits 499']);
  await app.stop();
  expect(app.stderr()).toBe('');
});

/** A provider with a processor. Its spans never end. */
async function startProvider() {
  const { tracer } = await startProcessor();
  return (parentTraceId?: string) => {
    const attributes = { 'http.request.method': 'GET', 'url.path': '/never' };
    const parent = { traceId: parentTraceId ?? '', spanId: 'b'.repeat(16), traceFlags: 1 };
    const context = parentTraceId ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    return new WeakRef(tracer.startSpan('never', { kind: 1, attributes }, context));
  };
}

const areCollected = (objects: readonly WeakRef<object>[]) => () => {
  collectGarbage();
  return objects.every((object) => object.deref() === undefined);
};

test.each([
  ['without a parent', () => undefined],
  ['of remote parents', (i: number) => (i + 1).toString(16).padStart(32, '0')],
  ['of one trace', () => 'a'.repeat(32)],
])('SERVER spans %s that never end do not stay in memory', async (_what, traceIdOf) => {
  const start = await startProvider();
  const spans = Array.from({ length: 100 }, (_, i) => start(traceIdOf(i)));
  await eventually(areCollected(spans));
});

test('neither do requests whose SERVER span never ends', async () => {
  const start = await startProvider();
  const requests: WeakRef<object>[] = [];
  const url = await listen((request, response) => {
    start();
    requests.push(new WeakRef(request));
    response.end();
  });
  const port = Number(new URL(url).port);
  for (const count of [1, 2, 3]) {
    const socket = open(port);
    for (const more of [1, 2]) {
      socket.write(requestFor('/never'));
      await eventually(() => requests.length === 2 * (count - 1) + more);
    }
    socket.end();
    await once(socket, 'close');
  }
  await eventually(areCollected(requests));
});
