import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanProcessor } from '../../src/index.js';
import { startInspector } from '../../src/inspector/index.js';

test('a span that starts after the response, in the context of its request, does not get its headers', async () => {
  const inspector = await startInspector();
  const processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
  const provider = new BasicTracerProvider({ spanProcessors: [processor as never] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  let startJob: (() => void) | undefined;
  const server = createServer((_request, response) => {
    response.on('close', () => {
      setImmediate(() => {
        const attributes = { 'http.request.method': 'GET', 'url.path': '/job' };
        provider.getTracer('own').startSpan('job', { kind: 1, attributes }).end();
        startJob?.();
      });
    });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    context.disable();
    await provider.shutdown();
    await inspector.close();
  });
  const started = new Promise<void>((resolve) => {
    startJob = resolve;
  });
  const headers = { referer: 'https://ref.example/', connection: 'close' };
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/this`, { headers });
  await started;
  await processor.forceFlush();
  expect(inspector.hits().map(({ params }) => [params.action_name, params.urlref])).toEqual([
    ['GET /job', undefined],
  ]);
});
