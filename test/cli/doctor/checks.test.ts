import { expect, test } from 'vitest';
import { CHECKS } from '../../../src/cli/doctor/checks.js';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

test.each([
  ['as it should be', {}],
  ['behind a queue that answers with an image', { contentType: 'image/gif', body: 'GIF89a' }],
])('a Matomo %s: findings come in the order of the table', async (_what, answer) => {
  const { env, inspector } = await matomoOnWire();
  if ('body' in answer) inspector.play({ ...answer, status: 200, times: 1 });
  const { findings } = await runChecks(env, { sends: true });
  const order = findings.map(({ check }) => CHECKS.indexOf(check));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(findings.map(({ check }) => check)).toContain('fields');
});
