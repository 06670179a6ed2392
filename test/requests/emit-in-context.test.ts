import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanProcessor } from '../../src/index.js';
import { listen } from '../support/listen.js';
import { startMatomo } from '../support/matomo.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { startProcessor } from '../support/senders.js';
import { fetchFrom } from '../support/traced-service.js';

/** Starts a server, with this package or without. */
async function startService(isTracked: boolean, listener: RequestListener): Promise<Server> {
  if (isTracked) await startProcessor();
  const server = createServer(listener);
  await listen(server);
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const ofClass = (emitter: EventEmitter) => emitter.emit === EventEmitter.prototype.emit;

/** What an application can see of an object. */
function describe(emitter: EventEmitter) {
  const listeners = emitter
    .eventNames()
    .map((name) => [name, emitter.listenerCount(name)] as const);
  return { keys: Object.keys(emitter), listeners };
}

/** What a handler sees of a POST request. */
async function visit(isTracked: boolean) {
  const seen: Record<string, ReturnType<typeof describe>> = {};
  const server = await startService(isTracked, (request, response) => {
    const { socket } = request;
    for (const [name, emitter] of Object.entries({ request, response, socket, server }))
      seen[name] = describe(emitter);
    response.end();
  });
  await fetchFrom(portOf(server), '/', { method: 'POST', body: 'some' });
  return seen;
}

/** What the package adds: one listener, which comes first. */
const LISTENED: Readonly<Record<string, readonly string[]>> = {
  socket: ['close', 'error'],
  server: ['request'],
};

test('an application sees no other properties than without this package, and a listener of each connection and server', async () => {
  const [without, tracked] = [await visit(false), await visit(true)];
  for (const [name, { keys, listeners }] of Object.entries(without)) {
    const expected = listeners.map(([event, count]) => {
      const isAdded = LISTENED[name]?.includes(String(event));
      return [event, isAdded ? count + 1 : count];
    });
    expect(tracked[name]?.keys.toSorted(), name).toEqual(keys.toSorted());
    expect(tracked[name]?.listeners, name).toEqual(expected);
  }
});

/** Node.js 24 and later lose the async context after the headers. */
const KEEPS_CONTEXT = Number.parseInt(process.versions.node, 10) <= 22;

test.each([
  ['GET', undefined, true],
  ['POST', 'some', KEEPS_CONTEXT],
])(
  '%s: only a request with a body has an emit of its own, and only if Node.js needs it',
  async (method, body, isOfClass) => {
    const seen: boolean[] = [];
    const server = await startService(true, (request, response) => {
      seen.push(ofClass(request), ofClass(response));
      response.end();
    });
    await fetchFrom(portOf(server), '/', { method, ...(body === undefined ? {} : { body }) });
    expect(seen).toEqual([isOfClass, true]);
  },
);

test("Node's own answer to what is no request stays", async () => {
  const server = await startService(true, (_request, response) => response.end());
  expect(statusOf(await sendRaw({ port: portOf(server) }, rawRequest('/')))).toBe(200);
  expect(statusOf(await sendRaw({ port: portOf(server) }, 'BAD\r\n\r\n'))).toBe(400);
});

test('a server keeps its emit', async () => {
  const server = await startService(true, (_request, response) => response.end());
  server.on('clientError', () => undefined);
  await fetchFrom(portOf(server), '/');
  expect(Object.hasOwn(server, 'emit')).toBe(false);
});

test('two builds in one process wrap each object once', async () => {
  const inspector = await startMatomo();
  const builds = [MatomoSpanProcessor, (await import('opentelemetry-matomo')).MatomoSpanProcessor];
  const processors = builds.map((Build) => new Build({ url: inspector.url, siteId: 1 }));
  onTestFinished(async () => {
    for (const processor of processors) await processor.shutdown();
  });
  const requests: IncomingMessage[] = [];
  const server = await startService(false, (request, response) => {
    requests.push(request);
    response.end();
  });
  for (const _ of [1, 2]) await fetchFrom(portOf(server), '/', { method: 'POST', body: 'some' });
  expect(server.listenerCount('request')).toBe(2);
  for (const request of requests) {
    expect(ofClass(request)).toBe(KEEPS_CONTEXT);
    // An emit that wraps another one has it as its prototype.
    if (!KEEPS_CONTEXT) expect(Object.getPrototypeOf(request.emit)).toBe(Function.prototype);
  }
});
