import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { matomoOnWire } from '../support/fault-proxy.js';

test('as text each line has a mark and fits a terminal, and problems are counted', async () => {
  const { env } = await matomoOnWire({ sites: { 2: {} } });
  const { code, stdout, stderr } = await runNode([MAIN, 'doctor'], {
    env: { ...env, MATOMO_SITEID: '1' },
  });
  const lines = stdout.trimEnd().split('\n');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(stdout).toMatch(/^✓ tracing {2}requests are read/m);
  expect(stdout).toMatch(/^\? preload {2}/m);
  expect(stdout).toMatch(/^✗ site {5}.*\b1 \[site-unknown\]\n {11}→ .*MATOMO_SITE_ID/m);
  expect(stdout).toMatch(/^1 problem /m);
  expect(stdout).toContain('docs/messages.md');
  const isOnePath = (line: string) => /^\s*\/\S+,?$/.test(line);
  expect(lines.filter((line) => line.length > 80 && !isOnePath(line))).toEqual([]);
});
