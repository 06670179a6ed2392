import { AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { collectGarbage } from '../support/kept-bytes.js';
import { listen } from '../support/listen.js';
import { startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const areCollected = (objects: readonly WeakRef<object>[]) => () => {
  collectGarbage();
  return objects.every((object) => object.deref() === undefined);
};

test('a context that outlives a request that is not sampled does not keep its objects', async () => {
  const contexts: AsyncResource[] = [];
  const kept: WeakRef<object>[] = [];
  const service = await startTracedService(
    (request, response) => {
      contexts.push(new AsyncResource('job'));
      kept.push(new WeakRef(request), new WeakRef(response));
      response.end();
    },
    {},
    { sampler: new AlwaysOffSampler() },
  );
  for (const path of ['/a', '/b']) await service.fetch(path);
  await eventually(areCollected(kept));
  expect(contexts).toHaveLength(2);
});

async function startStarter() {
  const { tracer } = await startProcessor();
  return (traceId?: string) => {
    const attributes = { 'http.request.method': 'GET', 'url.path': '/never' };
    const parent = { traceId: traceId ?? '', spanId: 'b'.repeat(16), traceFlags: 1 };
    const context = traceId ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    return new WeakRef(tracer.startSpan('never', { kind: 1, attributes }, context));
  };
}

test.each([
  ['without a parent', () => undefined],
  ['of remote parents', (i: number) => (i + 1).toString(16).padStart(32, '0')],
  ['of one trace', () => 'a'.repeat(32)],
])('SERVER spans %s that never end do not stay in memory', async (_what, traceIdOf) => {
  const start = await startStarter();
  const spans = Array.from({ length: 100 }, (_, i) => start(traceIdOf(i)));
  await eventually(areCollected(spans));
});

test('neither do requests whose SERVER span never ends', async () => {
  const start = await startStarter();
  const requests: WeakRef<object>[] = [];
  const url = await listen((request, response) => {
    start();
    requests.push(new WeakRef(request));
    response.end();
  });
  for (const count of [2, 4, 6]) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').resume();
    while (requests.length < count) {
      const before = requests.length;
      socket.write('GET /never HTTP/1.1\r\nHost: shop.example\r\n\r\n');
      await eventually(() => requests.length > before);
    }
    socket.end();
    await once(socket, 'close');
  }
  await eventually(areCollected(requests));
});
