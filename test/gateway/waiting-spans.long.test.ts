import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, hitEvent, otlpSpan, requestSpan } from '../support/otlp-spans.js';

test('spans that wait are bounded: the longest waiting go on early, and no request is lost', async () => {
  const { gateway } = await startGateway({
    beforeSend: () => null,
    graceMillis: 600_000,
    maxQueueSize: 1_000_000,
    shutdownTimeoutMillis: 100,
  });
  let requests = 0;
  for (let i = 0; i < 26; i++) {
    const spans = Array.from({ length: 4000 }, (_, n) =>
      n % 10 > 0 ? otlpSpan() : requestSpan(`/${n}`),
    );
    requests += spans.length / 10;
    expect((await sendSpans(gateway, exportRequest(spans))).status).toBe(200);
  }
  // Nothing is due: only the oldest have gone on, and the event loop has nothing to do.
  const before = performance.eventLoopUtilization();
  await eventually(() => performance.eventLoopUtilization(before).idle > 200);
  const { spans, hits, ignored, pendingRequests, lost } = gateway.stats();
  expect(spans.waiting).toBe(100_000);
  expect(spans.received).toBe(spans.waiting + spans.used + spans.unused);
  expect(hits + ignored.predicate + pendingRequests).toBe(requests);
  expect(lost.queue_full).toBe(0);
});

test('so are the bytes of spans that wait, also if others of their export are rejected', async () => {
  const { gateway } = await startGateway({ graceMillis: 600_000, shutdownTimeoutMillis: 100 });
  const rejected = Array.from({ length: 2000 }, () => otlpSpan({}, { traceId: '' }));
  for (let i = 0; i < 16; i++) {
    const large = otlpSpan({ 'matomo.action_name': 'x'.repeat(3_000_000) });
    expect((await sendSpans(gateway, exportRequest([large, ...rejected]))).status).toBe(200);
  }
  expect(gateway.stats().spans.waiting).toBeLessThan(16);
});

test('a request with more spans than a call can have arguments waits for room', async () => {
  const limits = { maxQueueSize: 2, maxBodyBytes: 64 * 1024 ** 2, shutdownTimeoutMillis: 100 };
  const { gateway, inspector } = await startGateway(limits);
  inspector.play({ status: 503 });
  await sendSpans(gateway, exportRequest([requestSpan('/first')]));
  await eventually(() => gateway.stats().pending === 1);
  const root = requestSpan('/import', { events: [hitEvent({ e_c: 'a', e_a: 'b' })] });
  const children = Array.from({ length: 150_000 }, () => below(root));
  expect((await sendSpans(gateway, exportRequest([root, ...children]))).status).toBe(200);
  expect(gateway.stats().spans.waiting).toBe(150_001);
});
