import { expect } from 'vitest';
import { collectGarbage } from './kept-bytes.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;
const SAMPLES = 3;
const SAMPLE_MILLIS = 4;
const MAX_ATTEMPTS = 20;
const ENOUGH_MILLIS = 8_000;

export const GROWTH = 4;

/** Linear functions take 4 times as long, quadratic ones 16 times: each is a factor of two from the limit. */
const MAX_RATIO = 8;

/**
 * What takes less than this many plain searches of as many characters is linear, too: a machine that hands out memory in steps, or
 * slows down for a while, makes larger inputs slower. Reading each of 32,768 characters again for each takes many thousand.
 */
const MAX_SEARCHES = 100;

/** A call that takes longer is not tried with more: a quadratic one would take hours at the full size. */
const LONG_MILLIS = 400;

/** Two calls, the larger one with `GROWTH` times as much input, which has so many characters. */
type Calls = Readonly<Record<'small' | 'large', () => unknown> & { characters: number }>;

/** Expects a function to take linear time, with inputs of a size and `GROWTH` times that size: the largest that are not too slow to be measured. */
export function expectLinear<Input>(
  make: (size: number) => Input,
  run: (input: Input) => unknown,
  maxSize: number,
): void {
  const maxSmall = maxSize / GROWTH;
  let size = Math.min(8 * KIB, maxSmall);
  let inputs = [make(size), make(GROWTH * size)] as const;
  while (size < maxSmall && millisOf(() => run(inputs[1])) < LONG_MILLIS) {
    size *= 2;
    inputs = [make(size), make(GROWTH * size)];
  }
  const [small, large] = inputs;
  const calls = { small: () => run(small), large: () => run(large), characters: GROWTH * size };
  expect(excessOf(calls), `at ${size} and ${GROWTH * size}`).toBeLessThan(1);
}

function millisOf(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/**
 * How much more than linear time the larger input takes, where 1 is the limit. Garbage collection and the compiler disturb single
 * attempts, so the least of several counts, and no more are made than a linear function needs. What takes very long is measured in fewer.
 */
export function excessOf(calls: Calls, enoughMillis: number = ENOUGH_MILLIS): number {
  const end = performance.now() + enoughMillis;
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && least >= 1; attempt++) {
    if (attempt > 0 && performance.now() > end) break;
    least = Math.min(least, inSearches(calls) / MAX_SEARCHES);
    if (least >= 1) least = Math.min(least, attemptRatio(calls, end) / MAX_RATIO);
  }
  return least;
}

function inSearches({ large, characters }: Calls): number {
  const text = 'x'.repeat(characters);
  const search = () => {
    for (let i = 0; i < MAX_SEARCHES; i++) /[^x]/.test(text);
  };
  const leastMillis = (run: () => unknown) => Math.min(millisOf(run), millisOf(run));
  return leastMillis(large) / (leastMillis(search) / MAX_SEARCHES);
}

function attemptRatio({ small, large }: Calls, end: number): number {
  const repeats = repeatsFor(small);
  const smalls: Sample[] = [];
  const larges: Sample[] = [];
  collectGarbage();
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (sample > 0 && performance.now() > end) break;
    smalls.push(measure(small, repeats));
    larges.push(measure(large, repeats));
  }
  const ratioBy = (of: (sample: Sample) => number) =>
    median(larges.map(of)) / median(smalls.map(of));
  return Math.min(
    ratioBy(({ cpuMillis }) => cpuMillis),
    ratioBy(({ wallMillis }) => wallMillis),
  );
}

/** So many that a sample is long beside the clock's steps; asking also warms up. */
function repeatsFor(run: () => unknown): number {
  let repeats = 1;
  while (measure(run, repeats).cpuMillis < SAMPLE_MILLIS) repeats *= 2;
  return repeats;
}

/** Other processes on a busy machine count in wall time only, threads of the garbage collector in CPU time only. */
interface Sample {
  readonly cpuMillis: number;
  readonly wallMillis: number;
}

function measure(run: () => unknown, repeats: number): Sample {
  const begun = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) run();
  const { user, system } = process.cpuUsage(before);
  return { cpuMillis: (user + system) / 1000, wallMillis: performance.now() - begun };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}
