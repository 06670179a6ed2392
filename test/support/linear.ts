import { expect } from 'vitest';

export const KIB = 1024;
export const MIB = 1024 * KIB;

const SAMPLES = 5;
const SAMPLE_MILLIS = 4;
const ATTEMPTS = 6;
/** A call that takes longer is not tried with more: a quadratic one would take hours at the full size. */
const LONG_MILLIS = 400;
/** Twice the input: 2 if the time is linear, 4 if it is quadratic. */
const MAX_RATIO = 3;

/**
 * Expects a function to take linear time: twice as much input takes less than three times as long. Other processes can only
 * slow a measurement down, so one attempt of several has to succeed.
 */
export function expectLinear<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): void {
  const { size, inputs } = largestPair(make, run, maxSize);
  const ratios: number[] = [];
  while (ratios.length < ATTEMPTS && !ratios.some((ratio) => ratio < MAX_RATIO)) {
    ratios.push(ratioOf(inputs, run));
  }
  expect(Math.min(...ratios), `ratios at ${size} and ${2 * size}: ${ratios}`).toBeLessThan(
    MAX_RATIO,
  );
}

/** Inputs of a size and twice that size, the largest that are not too slow to be measured. */
function largestPair<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): { size: number; inputs: readonly [Input, Input] } {
  let size = Math.min(8 * KIB, maxSize / 2);
  let inputs = [make(size), make(2 * size)] as const;
  while (size < maxSize / 2 && millisOf(inputs[1], run, 1) < LONG_MILLIS) {
    size *= 2;
    inputs = [inputs[1], make(2 * size)];
  }
  return { size, inputs };
}

function ratioOf<Input>([single, double]: readonly [Input, Input], run: (input: Input) => unknown) {
  let times = 1;
  while (millisOf(single, run, times) < SAMPLE_MILLIS) times *= 2;
  const singles: number[] = [];
  const doubles: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    singles.push(millisOf(single, run, times));
    doubles.push(millisOf(double, run, times));
  }
  return median(doubles) / median(singles);
}

function millisOf<Input>(input: Input, run: (input: Input) => unknown, times: number): number {
  const start = performance.now();
  for (let i = 0; i < times; i++) run(input);
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
