import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, onTestFinished, test } from 'vitest';
import { forRequest, MatomoSpanProcessor } from '../../src/index.js';
import { listen } from '../support/listen.js';
import { startMatomo } from '../support/matomo.js';
import { captureOutput } from '../support/output.js';
import { startProcessor } from '../support/senders.js';
import { fetchFrom, startTracedService } from '../support/traced-service.js';

async function startServer(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await listen(server);
  return server;
}

const POST = { method: 'POST', body: 'some' };
const ask = (server: Server, options = {}) =>
  fetchFrom((server.address() as AddressInfo).port, '/', options);
const ofClass = (emitter: EventEmitter) => emitter.emit === EventEmitter.prototype.emit;

/** Node.js 24 and later lose the async context after the headers. */
const KEEPS_CONTEXT = Number.parseInt(process.versions.node, 10) <= 22;

// What else a process with the package differs in: test/system/host/what-the-package-changes.test.ts.
test('only a request with a body has an emit of its own, and only if Node.js needs it, and so has a server that listens to clientError', async () => {
  await startProcessor();
  const seen: boolean[] = [];
  const server = await startServer((request, response) => {
    seen.push(ofClass(request), ofClass(response));
    response.end();
  });
  server.on('clientError', () => undefined);
  await ask(server);
  await ask(server, POST);
  expect(seen).toEqual([true, true, KEEPS_CONTEXT, true]);
  expect(Object.hasOwn(server, 'emit')).toBe(KEEPS_CONTEXT);
});

test('two builds in one process wrap each object once', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  const inspector = await startMatomo();
  const builds = [MatomoSpanProcessor, (await import('opentelemetry-matomo')).MatomoSpanProcessor];
  const processors = builds.map((Build) => new Build({ url: inspector.url, siteId: 1 }));
  onTestFinished(async () => {
    for (const processor of processors) await processor.shutdown();
  });
  const requests: IncomingMessage[] = [];
  const server = await startServer((request, response) => {
    requests.push(request);
    response.end();
  });
  for (const _ of [1, 2]) await ask(server, POST);
  expect(server.listenerCount('request')).toBe(2);
  for (const request of requests) {
    expect(ofClass(request)).toBe(KEEPS_CONTEXT);
    // An emit that wraps another one has it as its prototype.
    if (!KEEPS_CONTEXT) expect(Object.getPrototypeOf(request.emit)).toBe(Function.prototype);
  }
});

/** As libraries copy objects: properties that are enumerable, also under symbols. */
function deepCopy(value: unknown, copies = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known) return known;
  const copy: Record<PropertyKey, unknown> = Object.create(Object.getPrototypeOf(value));
  copies.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (descriptor?.enumerable && 'value' in descriptor)
      copy[key] = deepCopy(descriptor.value, copies);
  }
  return copy;
}

test('who prints or copies objects of Node.js and spans sees nothing of the package, and a copy is no request', async () => {
  const lines = captureOutput();
  const seen: Record<string, object> = {};
  const { visit } = await startTracedService((request, response) => {
    const child = trace.getTracer('own').startSpan('child');
    const { socket } = request;
    Object.assign(seen, { request, response, socket, span: trace.getActiveSpan(), child });
    for (const copy of [{ ...request }, deepCopy(request) as object])
      forRequest(copy).annotate({ dimension1: 'of a copy' });
    forRequest(Object.create(request)).annotate({ dimension2: 'of the request' });
    child.end();
    response.end('ok');
  });
  const [page] = await visit('/');
  expect(page?.params).toMatchObject({ dimension2: 'of the request' });
  expect(page?.params).not.toHaveProperty('dimension1');
  expect(Object.keys(seen)).toHaveLength(5);
  for (const [name, object] of Object.entries(seen)) {
    expect(inspect(object, { depth: 1 }), name).not.toMatch(/matomo/i);
    const copied = Reflect.ownKeys({ ...object }).map(String);
    expect(
      copied.filter((key) => /matomo|^_writeRaw$|^emit$/.test(key)),
      name,
    ).toEqual([]);
  }
  expect(lines.join('')).toMatch(
    /^opentelemetry-matomo: forRequest: the object leads to no request .*\n$/,
  );
});
