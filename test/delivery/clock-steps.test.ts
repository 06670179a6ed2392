import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.js';
import { MatomoSpanProcessor } from '../../src/span-processor.js';
import { finishedSpan } from '../support/builders.js';
import { DEFAULT_OPTIONS } from '../support/default-options.js';
import { silentDiagnostics } from '../support/diagnostics.js';
import { notSent, processed, scriptedTransport } from '../support/scripted-transport.js';
import { stepWallClock } from './simulated/clock-steps.js';

const HOUR_MILLIS = 3_600_000;
/** Longer than the longest timer of Node.js. */
const FORTY_DAYS_MILLIS = 40 * 24 * HOUR_MILLIS;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => void vi.useRealTimers());
});

function setUp() {
  const transport = scriptedTransport();
  const delivery = new Delivery(
    {
      ...DEFAULT_OPTIONS,
      tokenAuth: 't',
      maxQueueSize: 100,
    },
    transport,
    silentDiagnostics(),
    () => 1,
  );
  return { delivery, transport };
}

function pushHit(delivery: Delivery): void {
  const endedMillis = performance.now();
  const startSeconds = Date.now() / 1000;
  delivery.push({
    endedMillis,
    bytes: 1000,
    isFinal: (now) => now - endedMillis >= 20,
    finalize: () => [{ site: 1, visitor: 'v', startSeconds, kind: 'page', query: '?h=a' }],
  });
}

test.each([-FORTY_DAYS_MILLIS, -HOUR_MILLIS, HOUR_MILLIS])(
  'a queued hit leaves after the scheduled delay when the wall clock steps by %d ms',
  async (step) => {
    const { delivery, transport } = setUp();
    pushHit(delivery);
    await vi.advanceTimersByTimeAsync(1000);
    stepWallClock(step);
    pushHit(delivery);
    await vi.advanceTimersByTimeAsync(3999);
    expect(transport.bodies).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(delivery.counters.tracked).toBe(2);
  },
);

test.each([-FORTY_DAYS_MILLIS, -HOUR_MILLIS, HOUR_MILLIS])(
  'the next attempt comes after the back-off when the wall clock steps by %d ms',
  async (step) => {
    const { delivery, transport } = setUp();
    transport.answer(notSent, processed);
    pushHit(delivery);
    await vi.advanceTimersByTimeAsync(5000);
    expect(transport.bodies).toHaveLength(1);
    stepWallClock(step);
    await vi.advanceTimersByTimeAsync(999);
    expect(transport.bodies).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(delivery.counters.tracked).toBe(1);
  },
);

test.each([-FORTY_DAYS_MILLIS, -HOUR_MILLIS])(
  'the hit of a request that has just ended is final and sent in time when the wall clock steps by %d ms',
  async (step) => {
    const processor = new MatomoSpanProcessor({
      url: 'http://127.0.0.1:9/',
      siteId: 1,
      dryRun: true,
      scheduledDelayMillis: 1000,
    });
    onTestFinished(() => processor.shutdown());
    const attributes = { 'http.request.method': 'GET', 'url.path': '/a' };
    const span = finishedSpan({ attributes });
    processor.onStart(span as never, { getValue: () => undefined } as never);
    processor.onEnd(span);
    stepWallClock(step);
    await vi.advanceTimersByTimeAsync(1000);
    expect(processor.stats()).toMatchObject({ hits: 1, accepted: 1 });
  },
);
