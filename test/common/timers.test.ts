import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { LogLines } from '../../src/common/log-lines.js';
import { withTimeout } from '../../src/common/timers.js';
import { pending, setUp } from '../support/delivery.js';

const DAY_MILLIS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

test('a deadline in 30 days is not over at once', async () => {
  const onEnd = vi.fn();
  void withTimeout(30 * DAY_MILLIS, new Promise(() => undefined)).then(onEnd);
  await vi.advanceTimersByTimeAsync(20 * DAY_MILLIS);
  expect(onEnd).not.toHaveBeenCalled();
});

test('if the process stands still, no timer gets a negative delay, of which Node.js warns', async () => {
  let nowMillis = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    nowMillis += 25_000; // a line is due after a minute
    return nowMillis;
  });
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  setUp().delivery.put(pending());
  const lines = new LogLines(() => undefined);
  for (const text of ['first', 'second']) lines.add('queue-full', 1, () => text);
  void withTimeout(-1, new Promise(() => undefined));
  const delays = setTimer.mock.calls.map(([, delay]) => delay);
  expect(delays).toHaveLength(3);
  expect(delays.filter((delay) => !(Number(delay) >= 0))).toEqual([]);
});
