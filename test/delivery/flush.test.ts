import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test, vi } from 'vitest';
import { MatomoSpanExporter, MatomoSpanProcessor } from '../../src/index.js';
import { runNode } from '../support/child-process.js';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import { listen } from '../support/listen.js';

/** A Matomo that never answers. */
function startHanging(): Promise<string> {
  return listen(() => undefined);
}

test.each([MatomoSpanProcessor, MatomoSpanExporter])(
  '%o hands out two promises',
  async (Matomo) => {
    const matomo = new Matomo({
      url: await startHanging(),
      siteId: 1,
      exportTimeoutMillis: 10_000,
      shutdownTimeoutMillis: 10,
    });
    const flushes = new Set<Promise<void>>();
    for (let i = 0; i < 100_000; i++) flushes.add(matomo.forceFlush());
    expect(flushes.size).toBe(2);
    await matomo.shutdown();
    await Promise.all(flushes);
  },
);

test('forceFlush of a tracer provider resolves although Matomo hangs, and so does its shutdown', async () => {
  const options = { url: await startHanging(), siteId: 1, shutdownTimeoutMillis: 10 };
  const processor = new MatomoSpanProcessor(options);
  const exporter = new MatomoSpanExporter(options);
  const attributes = {
    'http.request.method': 'GET',
    'url.path': '/',
    'http.response.status_code': 200,
  };
  const providers = [processor, new SimpleSpanProcessor(exporter)].map((spanProcessor) => {
    const spanProcessors = [spanProcessor as never];
    // 30,000 by default
    const provider = new BasicTracerProvider({ spanProcessors, forceFlushTimeoutMillis: 20_000 });
    provider.getTracer('test').startSpan('GET', { kind: 1, attributes }).end();
    return provider;
  });
  await Promise.all(providers.map((provider) => provider.forceFlush()));
  for (const sender of [processor, exporter]) {
    expect(sender.stats()).toMatchObject({ hits: 1, pending: 1 });
  }
  await Promise.all(providers.map((provider) => provider.shutdown()));
});

test('a script that waits for a flush goes on although Matomo hangs and nothing else keeps it alive', async () => {
  const script = `import { start, trackHit } from './dist/esm/index.js';
    const matomo = start();
    trackHit({ url: 'https://shop.test/', cid: '0123456789abcdef' });
    await matomo.forceFlush();
    console.log(matomo.stats().hits);`;
  const env = {
    MATOMO_URL: await startHanging(),
    MATOMO_SITE_ID: '1',
    MATOMO_EXPORT_TIMEOUT: '1000',
    MATOMO_SHUTDOWN_TIMEOUT: '300',
  };
  const { code, stdout } = await runNode(['--input-type=module', '--eval', script], { env });
  expect([code, stdout]).toEqual([0, '1\n']);
});

test('a signal that the application handles keeps the process alive for a shorter time than a flush', async () => {
  const script = `import { start, trackHit } from './dist/esm/index.js';
    process.once('SIGTERM', () => setTimeout(() => console.log('still alive'), 4000).unref());
    start();
    trackHit({ url: 'https://shop.test/', cid: '0123456789abcdef' });
    process.kill(process.pid);`;
  const env = {
    MATOMO_URL: await startHanging(),
    MATOMO_SITE_ID: '1',
    MATOMO_SHUTDOWN_TIMEOUT: '300',
  };
  const { code, stdout } = await runNode(['--input-type=module', '--eval', script], { env });
  expect([code, stdout]).toEqual([0, '']);
});

describe('of a delivery', () => {
  useFakeTime();

  test.each([
    [30_000, 5_000],
    [1_000, 1_000],
  ])(
    'with a time-out of %i ms, a flush takes %i ms while Matomo hangs, and the attempt goes on',
    async (exportTimeoutMillis, limitMillis) => {
      const { delivery, transport } = setUp({ exportTimeoutMillis });
      const release = transport.hold();
      delivery.push(pending({ name: 'a' }));
      const onEnd = vi.fn();
      void delivery.flush().then(onEnd);
      await vi.advanceTimersByTimeAsync(limitMillis - 1);
      expect(onEnd).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(onEnd).toHaveBeenCalled();
      expect(delivery.pending).toBe(1);
      release();
      await vi.advanceTimersByTimeAsync(1);
      expect(delivery.counters.tracked).toBe(1);
    },
  );

  test('a flush during a long shutdown takes no longer either', async () => {
    const { delivery, transport } = setUp();
    transport.hold();
    delivery.push(pending());
    const closed = delivery.shutdown(60_000);
    const onEnd = vi.fn();
    void delivery.flush().then(onEnd);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(onEnd).toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(55_000);
    await closed;
  });

  test('while Matomo hangs 100,000 flushes are one that runs and one that waits', async () => {
    const { delivery, transport } = setUp();
    const release = transport.hold();
    delivery.push(pending({ name: 'a' }));
    const flushes = new Set<Promise<void>>();
    for (let i = 0; i < 100_000; i++) flushes.add(delivery.flush());
    expect(flushes.size).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    for (let i = 0; i < 1000; i++) flushes.add(delivery.flush());
    expect(flushes.size).toBe(2);
    delivery.push(pending({ name: 'b' })); // after the call, before the flush that waits starts
    release();
    await Promise.all(flushes);
    expect(sentNames(transport)).toEqual([['a'], ['b']]);
  });

  test('a flush that waits is over after its limit, and a later call gets a limit of its own', async () => {
    const { delivery, transport } = setUp({ exportTimeoutMillis: 1000 });
    const release = transport.hold();
    delivery.push(pending({ name: 'a' }));
    const ended: string[] = [];
    void delivery.flush().then(() => ended.push('runs'));
    await vi.advanceTimersByTimeAsync(500);
    void delivery.flush().then(() => ended.push('waits'));
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toEqual(['runs']);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual(['runs', 'waits']);
    delivery.push(pending({ name: 'b' }));
    const late = delivery.flush();
    void late.then(() => ended.push('late'));
    await vi.advanceTimersByTimeAsync(500);
    expect(ended).toEqual(['runs', 'waits']);
    release();
    await late;
    expect(sentNames(transport)).toEqual([['a'], ['b']]);
  });

  test('a flush after one that has ended starts at once', async () => {
    const { delivery, transport } = setUp();
    for (const name of ['a', 'b', 'c']) {
      delivery.push(pending({ name }));
      await delivery.flush();
    }
    expect(sentNames(transport)).toEqual([['a'], ['b'], ['c']]);
  });

  test('a flush that waits at a shutdown ends with it', async () => {
    const { delivery, transport } = setUp();
    transport.hold();
    delivery.push(pending());
    const flushes = [delivery.flush(), delivery.flush()];
    const closed = delivery.shutdown(1500);
    await vi.advanceTimersByTimeAsync(1500);
    await Promise.all([closed, ...flushes]);
    expect(delivery.pending).toBe(0);
  });
});
