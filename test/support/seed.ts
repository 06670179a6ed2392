import { relative } from 'node:path';
import { expect, onTestFailed } from 'vitest';
import { ROOT } from './child-process.js';
import { createRandom } from './create-random.js';
import { testLength } from './long.js';

const SEED = readSeed(process.env.TEST_SEED);

/** The seed of this run. If the test that takes it fails, the command that repeats it is printed. */
function takeSeed(): number {
  const file = relative(ROOT, expect.getState().testPath ?? '').replaceAll('\\', '/');
  const script = testLength === '' ? 'test' : `run test:${testLength}`;
  onTestFailed(() => {
    console.error(`Seed ${SEED}. To repeat it: TEST_SEED=${SEED} npm ${script} -- ${file}`);
  });
  return SEED;
}

export function seededRuns(numRuns = 100): { readonly seed: number; readonly numRuns: number } {
  return { seed: takeSeed(), numRuns };
}

/** From 0 to 1, each time another, from the seed of this run. */
export function seededRandom(): () => number {
  return createRandom(takeSeed());
}

/** A fixed number unless the environment gives another, or asks for a random one. */
function readSeed(text = '1'): number {
  const seed = text === 'random' ? Date.now() % 2 ** 31 : Number(text);
  if (Number.isSafeInteger(seed)) return seed;
  throw new TypeError(`TEST_SEED must be an integer or "random", not "${text}"`);
}
