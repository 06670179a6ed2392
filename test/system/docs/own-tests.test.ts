import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runNode } from '../../support/child-process.js';
import { secondCopy } from '../../support/installed-app.js';
import { ownTestFor } from '../../support/own-tests.js';

test('the test with node:test that the page shows passes', async () => {
  const { code, stdout } = await runNode(['--test', 'shop.test.mjs'], {
    cwd: `${ROOT}examples/shop`,
  });
  expect(stdout).toMatch(/^# pass 1$/m);
  expect(code).toBe(0);
});

test('the test of one handler passes with vitest', async () => {
  const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
  const args = ['run', '--root', 'test/support/apps/own-tests'];
  const { code, stdout } = await runNode([vitest, ...args]);
  expect(stdout).toContain('3 passed');
  expect(code).toBe(0);
});

test('the test of one handler passes with node:test', async () => {
  const folder = join(secondCopy(), '../..');
  writeFileSync(join(folder, 'checkout.test.mjs'), ownTestFor('node:test'));
  const { code, stdout } = await runNode(['--test', 'checkout.test.mjs'], { cwd: folder });
  expect(stdout).toMatch(/^# pass 3$/m);
  expect(code).toBe(0);
});
