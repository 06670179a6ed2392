import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runNode } from '../../support/child-process.js';
import { secondCopy } from '../../support/installed-app.js';
import { OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';

const JEST = { name: 'jest', dependencies: { jest: '30', '@jest/globals': '30' } };
const npmPackage = packBeforeTests();

const CHECKOUT = 'test/support/apps/own-tests/checkout.test.mjs';
/** More than the listeners that Node.js allows before it warns. */
const FILES = 11;

test('the test of one handler passes with Jest, in CommonJS and ES modules, many files in one worker', async () => {
  const place = await preparePlace({ node: OWN_NODE, setUp: JEST }, npmPackage());
  const folder = join(place.folder, 'own-tests');
  mkdirSync(folder);
  const write = (name: string, code: string) => writeFileSync(join(folder, name), code);
  write('package.json', '{"private":true}');
  const code = ownTestFor('@jest/globals');
  // The same with `require`.
  const inCommonJs = code.replace(/^import (.+) from ('.+');$/gm, 'const $1 = require($2);');
  for (let i = 0; i < FILES; i += 1) write(`checkout-${i}.test.js`, inCommonJs);
  write('checkout.test.mjs', code);
  const jest = ['../../node_modules/jest/bin/jest.js', '--testTimeout=60000', '--runInBand'];
  for (const args of [
    [...jest, '--testMatch=**/*.js'],
    ['--experimental-vm-modules', ...jest, '--testMatch=**/*.mjs', '--detectOpenHandles'],
  ]) {
    // If something is left open, Jest does not end.
    const ended = await runNode(args, { cwd: folder, timeoutMillis: 300_000 });
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).not.toMatch(/Warning(?!: VM Modules)|did not exit|torn down|open handle/);
  }
});

test('the test with node:test that the page names passes', async () => {
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

/** The test of docs/testing.md for another test runner, changed as the page says. */
function ownTestFor(runner: string): string {
  const code = readFileSync(join(ROOT, CHECKOUT), 'utf8');
  const names =
    runner === 'node:test' ? '{ after as afterAll, before as beforeAll, beforeEach, test }' : '$1';
  return code.replace(/(\{[^}]*\}) from 'vitest'/, `${names} from '${runner}'`);
}
