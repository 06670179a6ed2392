import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../support/listen.js';
import { startProcessor } from '../support/senders.js';

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
