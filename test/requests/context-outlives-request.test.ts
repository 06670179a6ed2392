import { AsyncResource } from 'node:async_hooks';
import type { RequestListener } from 'node:http';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
} from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { collectGarbage } from '../support/kept-bytes.js';
import { listen } from '../support/listen.js';
import { startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

test('a span that starts after the response, in the context of its request, does not get its headers', async () => {
  const { tracer, hits } = await startProcessor();
  onTestFinished(() => context.disable());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  let startJob: (() => void) | undefined;
  const url = await listen((_request, response) => {
    response.on('close', () => {
      setImmediate(() => {
        const attributes = { 'http.request.method': 'GET', 'url.path': '/job' };
        tracer.startSpan('job', { kind: 1, attributes }).end();
        startJob?.();
      });
    });
    response.end();
  });
  const started = new Promise<void>((resolve) => {
    startJob = resolve;
  });
  const headers = { referer: 'https://ref.example/', connection: 'close' };
  await fetch(`${url}/this`, { headers });
  await started;
  expect((await hits()).map(({ params }) => [params.action_name, params.urlref])).toEqual([
    ['GET /job', undefined],
  ]);
});

test('nor does it belong to that request beside an instrumentation whose span is not recorded', async () => {
  let startJob: (() => void) | undefined;
  const listener: RequestListener = (_request, response) => {
    response.on('close', () => setImmediate(() => startJob?.()));
    response.end();
  };
  const service = await startTracedService(listener, {}, { sampler: new AlwaysOffSampler() });
  const provider = new BasicTracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [service.processor as never],
  });
  const started = new Promise<void>((resolve) => {
    startJob = () => {
      const attributes = { 'http.request.method': 'GET', 'url.path': '/job' };
      provider.getTracer('jobs').startSpan('job', { kind: 1, attributes }).end();
      resolve();
    };
  });
  await service.fetch('/this', { headers: { connection: 'close' } });
  await started;
  expect((await service.hits()).map(({ params }) => params.action_name)).toEqual(['GET /job']);
});

test('a context that outlives a request that is not sampled does not keep its objects', async () => {
  const contexts: AsyncResource[] = [];
  const kept: WeakRef<object>[] = [];
  const listener: RequestListener = (request, response) => {
    contexts.push(new AsyncResource('job'));
    kept.push(new WeakRef(request), new WeakRef(response));
    response.end();
  };
  const service = await startTracedService(listener, {}, { sampler: new AlwaysOffSampler() });
  await service.fetch('/a');
  await service.fetch('/b');
  await eventually(() => {
    collectGarbage();
    return kept.every((each) => each.deref() === undefined);
  });
  expect(contexts).toHaveLength(2);
});
