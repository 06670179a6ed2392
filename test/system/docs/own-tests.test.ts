import { expect, test } from 'vitest';
import { ROOT, runNode } from '../../support/child-process.js';

test('the test with node:test that the page shows passes', async () => {
  const { code, stdout } = await runNode(['--test', 'shop.test.mjs'], {
    cwd: `${ROOT}examples/shop`,
  });
  expect(stdout).toMatch(/^# pass 1$/m);
  expect(code).toBe(0);
});

test('the test with vitest that the page shows passes', async () => {
  const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
  const args = ['run', '--root', 'test/support/apps/own-tests'];
  const { code, stdout } = await runNode([vitest, ...args]);
  expect(stdout).toContain('2 passed');
  expect(code).toBe(0);
});
