import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';

// Installs TypeDoc with its own TypeScript in tools/api.
test('docs/api.md is what TypeDoc makes of the comments in src', () => {
  const { status, stdout, stderr } = spawnSync('node', ['tools/api/main.mjs', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('is current')]);
});
