import { expect } from 'vitest';
import { GROWTH, leastRatio, MAX_RATIO } from './linear-input.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A call that takes longer is not tried with more: a quadratic one would take hours at the full size. */
const LONG_MILLIS = 400;

/** Expects a function to take linear time: `GROWTH` times as much input takes less than `MAX_RATIO` times as long. */
export function expectLinear<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): void {
  const { size, inputs } = largestPair(make, run, maxSize);
  const [small, large] = inputs;
  const ratio = leastRatio(
    () => run(small),
    () => run(large),
  );
  expect(ratio, `at ${size} and ${GROWTH * size}`).toBeLessThan(MAX_RATIO);
}

/** Inputs of a size and `GROWTH` times that size, the largest that are not too slow to be measured. */
function largestPair<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): { size: number; inputs: readonly [Input, Input] } {
  const maxSmall = maxSize / GROWTH;
  let size = Math.min(8 * KIB, maxSmall);
  let inputs = [make(size), make(GROWTH * size)] as const;
  while (size < maxSmall && millisOf(() => run(inputs[1])) < LONG_MILLIS) {
    size *= 2;
    inputs = [make(size), make(GROWTH * size)];
  }
  return { size, inputs };
}

function millisOf(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
