import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { MAX_TIMER_MILLIS, sleepUntil } from '../../src/common/long-timer.js';
import { withTimeout } from '../../src/common/with-timeout.js';
import { SendTimer } from '../../src/delivery/send-timer.js';

vi.mock('node:timers/promises', () => ({
  setTimeout: (millis: number) => new Promise((resolve) => setTimeout(resolve, millis)), // vitest leaves this one real
}));

const DAY_MILLIS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

test('a batch that is due in 30 days makes the timer fire once before that', async () => {
  const fired: number[] = [];
  const due = performance.now() + 30 * DAY_MILLIS;
  const timer = new SendTimer(() => {
    fired.push(performance.now());
    if (performance.now() < due) timer.set(false, due);
  });
  timer.set(false, due);
  await vi.advanceTimersByTimeAsync(31 * DAY_MILLIS);
  expect(fired).toEqual([MAX_TIMER_MILLIS, 30 * DAY_MILLIS]);
});

test('a deadline in 30 days is not over at once', async () => {
  let isOver = false;
  void withTimeout(30 * DAY_MILLIS, new Promise(() => undefined)).then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(20 * DAY_MILLIS);
  expect(isOver).toBe(false);
});

test('a sleep of 30 days lasts 30 days', async () => {
  let isOver = false;
  void sleepUntil(performance.now() + 30 * DAY_MILLIS, new AbortController().signal).then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(30 * DAY_MILLIS - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});
