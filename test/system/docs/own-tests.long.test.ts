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

/** What loads the package without a shutdown: it is switched off. */
const SWITCHED_OFF = `
const { createServer } = require('node:http');
const { start } = require('opentelemetry-matomo');
test('is switched off', async () => {
  start({ enabled: false });
  const server = createServer((request, response) => response.end('ok'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch('http://127.0.0.1:' + server.address().port);
  server.close();
});
`;
/** Runs last in the same worker. */
const LEFT = `
const { hasSubscribers } = require('node:diagnostics_channel');
test('nothing is left', () => {
  const channels = ['http.server.request.start', 'http.server.response.finish', 'net.server.socket', 'tracing:net.server.listen:asyncStart'];
  expect(channels.filter(hasSubscribers)).toEqual([]);
});
`;
const BY_NAME = `
const Sequencer = require('@jest/test-sequencer').default;
module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
};
`;

test('the test of one handler passes with Jest, in CommonJS and ES modules, many files in one worker', async () => {
  const place = await preparePlace({ node: OWN_NODE, setUp: JEST }, npmPackage());
  const folder = join(place.folder, 'own-tests');
  mkdirSync(folder);
  const write = (name: string, code: string) => writeFileSync(join(folder, name), code);
  write('package.json', '{"private":true}');
  const code = ownTestFor('@jest/globals');
  for (let i = 10; i < 10 + FILES; i += 1) {
    write(`checkout-${i}.test.js`, toCommonJs(code));
    if (i % 4 === 0) write(`checkout-${i}.test.mjs`, code);
  }
  write('switched-off-1.test.js', SWITCHED_OFF);
  write('switched-off-2.test.js', SWITCHED_OFF);
  write('zero.test.js', LEFT);
  write('by-name.cjs', BY_NAME);
  const jest = (flags: readonly string[], args: readonly string[]) =>
    runNode([...flags, '../../node_modules/jest/bin/jest.js', '--testTimeout=60000', ...args], {
      cwd: folder,
      timeoutMillis: 300_000, // if something is left open, Jest does not end
    });
  const runs = {
    'one process': await jest(
      [],
      ['--runInBand', '--testSequencer=./by-name.cjs', '--testMatch=**/*.js'],
    ),
    'two workers': await jest([], ['--maxWorkers=2', '--testMatch=**/checkout-1[0-3]*.js']),
    'ES modules': await jest(
      ['--experimental-vm-modules'],
      ['--runInBand', '--testMatch=**/*.mjs', '--detectOpenHandles'],
    ),
  };
  for (const [name, { code: exitCode, signal, stderr }] of Object.entries(runs)) {
    expect([name, exitCode, signal], stderr).toEqual([name, 0, null]);
    // A worker may end later than Jest waits for: what is left open shows in one process.
    expect(stderr).not.toMatch(/Warning(?!: VM Modules)|did not exit|torn down|open handle/);
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

/** The same with `require`. */
function toCommonJs(code: string): string {
  return code.replace(/^import (.+) from ('.+');$/gm, 'const $1 = require($2);');
}
