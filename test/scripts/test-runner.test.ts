import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT, runNode } from '../support/child-process.js';

const PASSES = "test('passes', () => {});";
const FAILS = "test('fails', () => { expect(1).toBe(2); });";

test('counts tests that pass, and ends with 0', async () => {
  const { code, lastLine } = await runTests({ 'a.test.ts': PASSES, 'b.test.ts': PASSES });
  expect(lastLine).toBe('2 passed, 0 failed');
  expect(code).toBe(0);
});

test('counts tests that fail beside those that pass, and ends with 1', async () => {
  const { code, lastLine } = await runTests({ 'a.test.ts': `${PASSES}\n${FAILS}\n${FAILS}` });
  expect(lastLine).toBe('1 passed, 2 failed');
  expect(code).toBe(1);
});

test('counts a file that cannot be loaded as failed', async () => {
  const { code, lastLine } = await runTests({
    'a.test.ts': PASSES,
    'b.test.ts': `import './missing.js';\n${PASSES}`,
  });
  expect(lastLine).toBe('1 passed, 1 failed');
  expect(code).toBe(1);
});

test('counts an error outside of any test as failed', async () => {
  const { code, lastLine } = await runTests({
    'a.test.ts': `test('passes', async () => {
      setTimeout(() => { throw new Error('late'); }, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
    });`,
  });
  expect(lastLine).toBe('1 passed, 1 failed');
  expect(code).toBe(1);
});

test('passes arguments on to vitest, and fails where they select nothing', async () => {
  const files = { 'a.test.ts': PASSES, 'b.test.ts': FAILS };
  const selected = await runTests(files, ['a.test']);
  expect(selected).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed' });
  const nothing = await runTests(files, ['c.test']);
  expect(nothing).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed' });
});

test('ends with the line also where vitest cannot start', async () => {
  const { code, lastLine } = await runTests({}, ['--no-such-option']);
  expect(lastLine).toBe('0 passed, 1 failed');
  expect(code).toBe(1);
});

test('names each test that is skipped, with the reason, before the last line', async () => {
  const files = { 'a.test.ts': `${PASSES}\n${importing('requires', 'skips')}\n${NEEDS_CHROMIUM}` };
  const env = { CHROMIUM: '/no/such/chromium' };
  const { code, lastLine, output } = await runTests(files, [], env);
  expect(output).toMatch(/\nSkipped: [^\n]*\/no\/such\/chromium.*a\.test\.ts: page opens\n\n/s);
  expect({ code, lastLine }).toEqual({ code: 0, lastLine: '1 passed, 0 failed' });
  const must = await runTests(files, [], { ...env, TEST_MUST_RUN: 'redis chromium' });
  expect(must).toMatchObject({ code: 1, lastLine: '1 passed, 1 failed' });
});

test('a property that fails prints its seed and the command that repeats it', async () => {
  const property = `import fc from '${ROOT_PATH}node_modules/fast-check/lib/fast-check.js';
    ${importing('seededRuns', 'seed')}
    test('holds', () => fc.assert(fc.property(fc.nat(), (n) => n < 1000), seededRuns(50)));`;
  const { code, output } = await runTests({ 'a.test.ts': property }, [], { TEST_SEED: '42' });
  expect(code).toBe(1);
  expect(output).toContain('seed: 42');
  expect(output).toMatch(/To repeat it: TEST_SEED=42 npm test -- \S*a\.test\.ts\n/);
  const random = await runTests({ 'a.test.ts': property }, [], { TEST_SEED: 'random' });
  const [, seed] = /TEST_SEED=(\d+)\n/.exec(random.output) ?? [];
  expect(random.output).toContain(`To repeat it: TEST_SEED=${seed} npm test`);
});

test('types are not checked when files are named', async () => {
  const wrong = 'const text: string = 1;\nexport { text };';
  const files = { 'a.test.ts': PASSES, 'b.test-d.ts': `${wrong}\n${PASSES}` };
  expect(await runTests(files)).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed' });
});

const NEEDS_CHROMIUM = `describe('page', () => {
  requires('chromium');
  test('opens', () => {});
});`;

const ROOT_PATH = ROOT.replaceAll('\\', '/');

function importing(name: string, module: string): string {
  return `import { ${name} } from '${ROOT_PATH}test/support/${module}.ts';`;
}

/** Runs `npm test` on a project of these files instead of our own. */
async function runTests(
  files: Record<string, string>,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number | null; lastLine: string | undefined; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'test-runner-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { code, stdout, stderr } = await runNode(
    ['scripts/test.mjs', '--root', folder, '--globals', ...args],
    { env: { TEST_SEED: '1', TEST_MUST_RUN: '', ...env } },
  );
  const lines = stdout.split('\n');
  expect(lines.at(-1)).toBe('');
  return { code, lastLine: lines.at(-2), output: stdout + stderr };
}
