import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runNode } from '../support/child-process.js';

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

/** Runs `npm test` on a project of these files instead of our own. */
async function runTests(
  files: Record<string, string>,
  args: string[] = [],
): Promise<{ code: number | null; lastLine: string | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), 'test-runner-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { code, stdout } = await runNode([
    'scripts/test.mjs',
    ...['--root', folder, '--globals', ...args],
  ]);
  const lines = stdout.split('\n');
  expect(lines.at(-1)).toBe('');
  return { code, lastLine: lines.at(-2) };
}
