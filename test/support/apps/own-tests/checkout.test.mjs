import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { annotate, MatomoSpanProcessor } from 'opentelemetry-matomo';
import { startInspector } from 'opentelemetry-matomo/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

let inspector;
let processor;
let sdk;
let server;

beforeAll(async () => {
  inspector = await startInspector({ sites: { 1: { dimensions: [3] } } });
  processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
  sdk = new NodeSDK({
    instrumentations: [new HttpInstrumentation()],
    spanProcessors: [processor],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  // The instrumentation sees node:http only if it is loaded by require after the start.
  const { createServer } = createRequire(import.meta.url)('node:http');
  server = createServer(checkout);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => inspector.clear());
afterAll(async () => {
  server.close();
  await sdk.shutdown();
  await inspector.close();
});

// In your test, import the handler from your code.
function checkout(_request, response) {
  annotate({ action_name: 'Checkout', dimension3: 'pro' });
  response.end('created');
}

test('an order has a title and its plan', async () => {
  await fetch(`http://127.0.0.1:${server.address().port}/orders`);
  await expect.poll(() => processor.stats().hits).toBe(1); // the span ends after the response
  await processor.forceFlush();

  const [hit] = inspector.hits();
  expect(hit).toMatchObject({
    verdict: 'tracked',
    stored: { title: 'Checkout', custom_dimension_3: 'pro' },
  });
});

test('an order survives an outage of Matomo', async () => {
  inspector.play({ status: 503, times: 1 });
  await fetch(`http://127.0.0.1:${server.address().port}/orders`);
  await expect.poll(() => processor.stats().hits).toBe(2);
  await processor.forceFlush();
  expect(processor.stats().pending).toBe(1);

  await processor.forceFlush();
  expect(inspector.hits()).toHaveLength(1);
});
