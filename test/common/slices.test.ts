import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runInSlices, type Steps } from '../../src/common/slices.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** What happens, in order: steps that take so long each, and turns of the event loop. */
async function run(stepMillis: readonly number[], needsSlice = false): Promise<string> {
  let happened = '';
  function* steps(): Steps {
    for (const millis of stepMillis) {
      vi.advanceTimersByTime(millis);
      happened += 's';
      yield needsSlice;
    }
  }
  const turn = () => {
    happened += ' ';
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await runInSlices(steps());
  clearImmediate(next);
  return happened.trim();
}

test('others have a turn after each slice of long work', async () => {
  expect(await run([10, 10, 10, 10, 10])).toBe('ss ss s');
  expect(await run([50, 50, 1, 1])).toBe('s s ss');
});

test('little work ends in the turn in which it begins', async () => {
  expect(await run([1, 1, 1, 1, 1])).toBe('sssss');
});

test('a step that asks for it begins a slice', async () => {
  expect(await run([1, 1, 1], true)).toBe('s s s');
});
