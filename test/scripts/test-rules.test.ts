import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path !== 'scripts/test-rules.test.ts')
  .map((path) => ({ path, text: readFileSync(join(ROOT, 'test', path), 'utf8') }));

/** Lines of tests and of what supports them, but for these files. */
function linesWith(pattern: RegExp, ...exceptions: string[]): string[] {
  return files
    .filter(({ path }) => !exceptions.includes(path))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
}

test('a test is skipped by `requires` only, which says why', () => {
  expect(linesWith(/\.(?:skip|skipIf|runIf|only|todo)\(/, 'support/skips.ts')).toEqual([]);
});

test('whatever is random comes from the seed of the run', () => {
  expect(linesWith(/Math\.random\(/, 'support/free-port.ts')).toEqual([]);
  const unseeded = files.filter(
    ({ text }) => text.split('fc.assert(').length > text.split(/[( .]seededRuns\(/).length,
  );
  expect(unseeded.map(({ path }) => path)).toEqual([]);
});
