import { expect } from 'vitest';
import { leastRatio, MAX_RATIO } from './linear-input.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A call that takes longer is not tried with more: a quadratic one would take hours at the full size. */
const LONG_MILLIS = 400;

/** Expects a function to take linear time: twice as much input takes less than three times as long. */
export function expectLinear<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): void {
  const { size, inputs } = largestPair(make, run, maxSize);
  const [single, double] = inputs;
  const ratio = leastRatio(
    () => run(single),
    () => run(double),
  );
  expect(ratio, `at ${size} and ${2 * size}`).toBeLessThan(MAX_RATIO);
}

/** Inputs of a size and twice that size, the largest that are not too slow to be measured. */
function largestPair<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): { size: number; inputs: readonly [Input, Input] } {
  let size = Math.min(8 * KIB, maxSize / 2);
  let inputs = [make(size), make(2 * size)] as const;
  while (size < maxSize / 2 && millisOf(() => run(inputs[1])) < LONG_MILLIS) {
    size *= 2;
    inputs = [inputs[1], make(2 * size)];
  }
  return { size, inputs };
}

function millisOf(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
