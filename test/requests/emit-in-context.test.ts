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
  const listeners = emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]);
  return { keys: Object.keys(emitter), listeners };
}

/** What a handler sees of a POST request. */
async function visit(isTracked: boolean) {
  const seen: object[] = [];
  const server = await startService(isTracked, (request, response) => {
    for (const emitter of [request, response, request.socket, server]) seen.push(describe(emitter));
    response.end();
  });
  await fetchFrom(portOf(server), '/', { method: 'POST', body: 'some' });
  return seen;
}

test('an application sees no other properties and listeners than without this package', async () => {
  const without = await visit(false);
  expect(await visit(true)).toEqual(without);
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

test('a server without a listener of clientError keeps its emit', async () => {
  const server = await startService(true, (_request, response) => response.end());
  await fetchFrom(portOf(server), '/');
  expect(Object.hasOwn(server, 'emit')).toBe(false);
});

test('another package finds its mark on the emit of a server', async () => {
  const server = await startService(true, (_request, response) => response.end());
  server.on('clientError', () => undefined);
  const { emit } = server;
  const patched = Object.assign(
    function patchedEmit(this: Server, ...event: Parameters<Server['emit']>) {
      return Reflect.apply(emit, this, event);
    },
    { isPatched: true },
  );
  Object.assign(server, { emit: patched });
  await fetchFrom(portOf(server), '/');
  expect(server.emit).not.toBe(patched);
  expect(server.emit).toHaveProperty('isPatched', true);
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
  server.on('clientError', () => undefined);
  for (const _ of [1, 2]) await fetchFrom(portOf(server), '/', { method: 'POST', body: 'some' });
  // An emit that wraps another one has it as its prototype.
  const wrapped = KEEPS_CONTEXT ? [] : requests;
  for (const emitter of [server, ...wrapped, ...requests.map(({ socket }) => socket)]) {
    expect(ofClass(emitter)).toBe(false);
    expect(Object.getPrototypeOf(emitter.emit)).toBe(Function.prototype);
  }
});
