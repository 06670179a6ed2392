import { expect, test } from 'vitest';
import { CHECKS, inOrder } from '../../../src/cli/doctor/checks.js';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

test('findings come in the order of the table, those of one check as they are', () => {
  const found = [
    { check: 'storing', text: 'a' },
    { check: 'node', text: 'b' },
    { check: 'storing', text: 'c' },
    { check: 'options', text: 'd' },
  ] as const;
  expect(inOrder(found).map(({ text }) => text)).toEqual(['d', 'b', 'a', 'c']);
});

test.each([
  ['as it should be', {}],
  ['behind a queue that answers with an image', { contentType: 'image/gif', body: 'GIF89a' }],
])('a Matomo %s: checks that ask it come in that order too', async (_what, answer) => {
  const { env, inspector } = await matomoOnWire();
  if ('body' in answer) inspector.play({ ...answer, status: 200, times: 1 });
  const { findings } = await runChecks(env, { sends: true });
  const order = findings.map(({ check }) => CHECKS.indexOf(check));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(findings.map(({ check }) => check)).toContain('fields');
});
