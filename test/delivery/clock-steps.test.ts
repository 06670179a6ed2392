import { expect, onTestFinished, test, vi } from 'vitest';
import { MatomoSpanProcessor } from '../../src/span-processor.js';
import { serverSpan } from '../support/builders.js';
import { pending, setUp, useFakeTime } from '../support/delivery.js';
import { notSent, processed } from '../support/scripted-transport.js';
import { CLOCK_STEPS_MILLIS, stepWallClock } from './simulated/clock-steps.js';

useFakeTime();

test.each(CLOCK_STEPS_MILLIS)(
  'a queued hit leaves after the scheduled delay when the wall clock steps by %d ms',
  async (step) => {
    const { delivery, transport } = setUp({ tokenAuth: 't' });
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(1000);
    stepWallClock(step);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(3999);
    expect(transport.bodies).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(delivery.counters.tracked).toBe(2);
  },
);

test.each(CLOCK_STEPS_MILLIS)(
  'the next attempt comes after the back-off when the wall clock steps by %d ms',
  async (step) => {
    const { delivery, transport } = setUp({ tokenAuth: 't' });
    transport.answer(notSent, processed);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(5000);
    expect(transport.bodies).toHaveLength(1);
    stepWallClock(step);
    await vi.advanceTimersByTimeAsync(999);
    expect(transport.bodies).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(delivery.counters.tracked).toBe(1);
  },
);

test.each(CLOCK_STEPS_MILLIS)(
  'the hit of a request that has just ended is final and sent in time when the wall clock steps by %d ms',
  async (step) => {
    const processor = new MatomoSpanProcessor({
      url: 'http://127.0.0.1:9/',
      siteId: 1,
      dryRun: true,
      scheduledDelayMillis: 1000,
    });
    onTestFinished(() => processor.shutdown());
    const span = serverSpan();
    processor.onStart(span as never, { getValue: () => undefined } as never);
    processor.onEnd(span);
    stepWallClock(step);
    await vi.advanceTimersByTimeAsync(1000);
    expect(processor.stats()).toMatchObject({ hits: 1, accepted: 1 });
  },
);
