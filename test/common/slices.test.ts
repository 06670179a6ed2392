import { expect, onTestFinished, test, vi } from 'vitest';
import { runInSlices, type Steps } from '../../src/common/slices.js';

/** Steps that take so long each, and what happens, in order: steps and turns of the event loop. */
test.each([
  ['others have a turn after each slice', [10, 10, 10, 10, 10], false, 'ss ss s'],
  ['a slice ends with a long step', [50, 50, 1, 1], false, 's s ss'],
  ['little work ends in the turn in which it begins', [1, 1, 1, 1, 1], false, 'sssss'],
  ['a step that asks for it begins a slice', [1, 1, 1], true, 's s s'],
])('%s', async (_what, stepMillis, needsSlice, expected) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  let happened = '';
  function* steps(): Steps {
    for (const millis of stepMillis) {
      vi.advanceTimersByTime(millis);
      happened += 's';
      yield needsSlice;
    }
  }
  let next = setImmediate(function turn() {
    happened += ' ';
    next = setImmediate(turn);
  });
  await runInSlices(steps());
  clearImmediate(next);
  expect(happened.trim()).toBe(expected);
});
