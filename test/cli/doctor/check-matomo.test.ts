import { expect, test } from 'vitest';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

test('a stopped database is named', async () => {
  const { inspector, env } = await matomoOnWire();
  inspector.play({ status: 500, body: '{"status":"error","tracked":0,"invalid":0}' });
  const { about } = await runChecks(env);
  expect(about('matomo')[0]?.found).toContain('database');
  expect(about('matomo')[0]?.advice).toMatch(/^Start Matomo's database/);
});
