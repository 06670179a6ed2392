import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runNode, startProgram } from '../support/child-process.js';
import { sampled } from '../support/long.js';
import { requires } from '../support/skips.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ENDPOINTS = [
  'GET /items',
  'GET /items/:id',
  'Checkout',
  'GET /reports/:month',
  'GET /stock/:id',
  'GET /recommendations',
  'MCP tools/call find_items',
  'GET Not Found',
];
const LAW = /\b448 sent = \d+ tracked \+ [1-9]\d* ignored, 0 missing\n/;

test('the demo shows every endpoint and loses no request', async () => {
  const { code, stdout, stderr } = await runNode(['tools/demo/main.mjs'], {
    timeoutMillis: 300_000,
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const endpoint of ENDPOINTS) expect(stdout).toContain(`\n${endpoint} `);
  expect(stdout).toMatch(LAW);
});

/** The demo and the tests install and build what is missing. */
const MAX_MILLIS = 900_000;

test.each(sampled([], ['a clean clone']))(
  'the demo and the tests of README work in %s, as they are printed',
  async () => {
    requires('a POSIX shell');
    const folder = join(temporaryFolder(), 'clone');
    const env = { TEST_ONLY: 'test/contracts/hit/url.test.ts' };
    async function run(command: string, cwd: string): Promise<string> {
      const options = { cwd, env, timeoutMillis: MAX_MILLIS };
      const child = startProgram(['sh', '-c', command], options);
      const { code } = await child.exit();
      expect([command, code], child.stdout() + child.stderr()).toEqual([command, 0]);
      return child.stdout();
    }
    await run(`git clone --quiet . ${folder}`, ROOT);
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    const [, block = ''] = /## In a clone\n\n```sh\n(.*?)\n```/s.exec(readme) ?? [];
    const [demo = '', tests = '', ...others] = block.split('\n');
    expect(others).toEqual([]);
    expect(await run(demo, folder)).toMatch(LAW);
    expect(await run(tests, folder)).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  },
  2 * MAX_MILLIS,
);
