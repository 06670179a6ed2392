import { expect, test } from 'vitest';
import { timerMillis } from '../../src/common/timers.js';

test.each([
  [-1, 0],
  [0.5, 1],
  [30 * 86_400_000, 2 ** 31 - 1],
])('a timer of %d ms is one of %d, which is the next that Node.js has', (millis, delay) => {
  expect(timerMillis(millis)).toBe(delay);
});
