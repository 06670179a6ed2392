import { collectGarbage } from './kept-bytes.js';

/** An expression or loop that sees input of others, with the input that is worst for it. */
export interface LinearRow {
  /** The function that has it. */
  readonly what: string;
  /** Why it takes time in proportion to its input. */
  readonly reason: string;
  /** Input of two sizes, the second `GROWTH` times the first; 8 and 32 kB if not given. */
  readonly sizes?: readonly [number, number];
  /** Worst cases by name: what makes one of a size, and returns what reads it. */
  readonly cases: Readonly<Record<string, (size: number) => () => unknown>>;
}

const KIBIBYTE = 1024;
const HEADER_SIZES = [8 * KIBIBYTE, 32 * KIBIBYTE] as const;
const SAMPLES = 3;
const SAMPLE_MILLIS = 4;
const MAX_ATTEMPTS = 20;
const ENOUGH_MILLIS = 8_000;

/** How much larger the larger input is. */
export const GROWTH = 4;

/** Linear functions take 4 times as long, quadratic ones 16 times: each is a factor of two from the limit, which caches and garbage do not reach. */
export const MAX_RATIO = 8;

/** A text of `size` characters: `unit` again and again, between `start` and `end`. */
export function filled(unit: string, size: number, start = '', end = ''): string {
  return start + unit.repeat(Math.ceil(size / unit.length)).slice(0, size) + end;
}

/** Cases that differ in their text only. */
export function texts(
  read: (text: string) => unknown,
  inputs: Readonly<Record<string, (size: number) => string>>,
): LinearRow['cases'] {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, toText]) => [
      name,
      (size: number) => {
        const text = toText(size);
        return () => read(text);
      },
    ]),
  );
}

/** How much longer a row's case takes for the larger input. */
export function ratioOf(row: LinearRow, name: string): number {
  const [small, large] = row.sizes ?? HEADER_SIZES;
  const prepare = row.cases[name] as LinearRow['cases'][string];
  return leastRatio(prepare(small), prepare(large));
}

/**
 * How much longer the larger input takes. Garbage collection and the compiler disturb single attempts, so the least of several
 * counts, and no more are made than a linear function needs. What takes very long is measured in fewer.
 */
export function leastRatio(small: () => unknown, large: () => unknown): number {
  const end = performance.now() + ENOUGH_MILLIS;
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && least >= MAX_RATIO; attempt++) {
    if (attempt > 0 && performance.now() > end) break;
    least = Math.min(least, attemptRatio(small, large, end));
  }
  return least;
}

/** Median of the larger over median of the smaller, in turns, each sample of several milliseconds: the less of both times. */
function attemptRatio(small: () => unknown, large: () => unknown, end: number): number {
  const repeats = repeatsFor(small);
  const smalls: Sample[] = [];
  const larges: Sample[] = [];
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
  collectGarbage();
  const begun = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) run();
  const { user, system } = process.cpuUsage(before);
  return { cpuMillis: (user + system) / 1000, wallMillis: performance.now() - begun };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}
