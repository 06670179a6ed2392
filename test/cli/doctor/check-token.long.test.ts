import { expect, test } from 'vitest';
import { noToken } from '../../../src/cli/doctor/check-storing.js';
import type { InspectorOptions } from '../../../src/inspector/index.js';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';
const ROLLED_BACK = '{"status":"error","tracked":0,"invalid":0}';

test.each<[string, NonNullable<InspectorOptions['tokens']>, RegExp]>([
  ['of a user who may only view', { [TOKEN]: 'view' }, /^the token may only view site 1$/],
  [
    'for another site',
    { [TOKEN]: { role: 'write', sites: [2] } },
    /^the token has no access to site 1; it has write access to site 2$/,
  ],
  ['that nobody has', {}, /^Matomo rejects the token: .*invalid or expired.*tried once/],
])('a token %s is told apart, and is shown once', async (_what, tokens, found) => {
  const { wire, env } = await matomoOnWire({ tokens, sites: { 1: {}, 2: {} } });
  const { code, about, output } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  const finding = { code: 'token-rejected', found: expect.stringMatching(found) };
  expect(about('token')).toMatchObject([{ verdict: 'problem', ...finding }]);
  expect(wire.requests().filter(({ body }) => body.includes(TOKEN))).toHaveLength(1);
  expect(code).toBe(1);
  expect(output).not.toContain(TOKEN);
});

test('an address that is locked out is found', async () => {
  const { inspector, env } = await matomoOnWire({ tokens: { [TOKEN]: 'super' } });
  for (let i = 0; i <= 20; i++) {
    const body = '{"requests":["?idsite=1&rec=0&cip=192.0.2.1"],"token_auth":"wrong"}';
    await fetch(`${inspector.url}/matomo.php`, { method: 'POST', body });
  }
  const { code, about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  const finding = { code: 'token-rejected', found: expect.stringContaining('locked out') };
  expect(about('token')).toMatchObject([{ verdict: 'problem', ...finding }]);
  expect(code).toBe(1);
});

test('a Matomo that wants a token for every bulk is fine with one', async () => {
  const { wire, env } = await matomoOnWire();
  const lacksToken = (body: string) => !body.includes('token_auth');
  await wire.play({ kind: 'answer', where: lacksToken, status: '500 No', body: ROLLED_BACK });
  const { code, about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  expect(about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(code).toBe(0);
});

test.each([
  [{ status: 500, body: ROLLED_BACK }, 'rolled-back', 2], // the API, then the tracker
  [{ status: 500, body: '<h1>Sorry</h1>' }, 'rolled-back', 0],
  [{ body: '<h1>Welcome</h1>' }, undefined, 0],
  [{}, undefined, 0], // there is no such site
])('a token is shown to nobody but Matomo, with %j', async (answer, problem, times) => {
  const { inspector, wire, env } = await matomoOnWire(times > 0 ? {} : { sites: { 2: {} } });
  inspector.play(answer);
  const { code, about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: TOKEN });
  expect(about('matomo')[0]?.code).toBe(problem);
  expect(about('token')).toEqual([]);
  expect(wire.requests().filter((request) => request.body.includes(TOKEN))).toHaveLength(times);
  expect(code).toBe(1);
});

test('a token that the tracker refuses leaves an entry in the tracking failures, and doctor tells', async () => {
  const { wire, env } = await matomoOnWire({ tokens: {} });
  const where = (body: string) => body.startsWith('urls'); // of the API, which is not reachable
  await wire.play({ kind: 'answer', where, status: '403 Forbidden' });
  const { about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: 'a'.repeat(32) });
  expect(about('token')[0]?.found).toContain('tracking failures');
});

const STABLE = {
  pageViews: true,
  visitorKey: undefined,
  visitorId: 'auto',
  spool: undefined,
} as const;

test.each([
  [STABLE, 'warning', /each process has its own visitors/],
  [{ ...STABLE, spool: '/spool' }, 'warning', /every visitor$/],
  [{ ...STABLE, visitorId: 'none' }, 'warning', /every visitor$/],
  [{ ...STABLE, visitorKey: 'daily' }, 'ok', /have a key/],
  [{ ...STABLE, pageViews: false }, 'ok', /none is needed/],
] as const)('without a token, with %o', (options, verdict, found) => {
  const finding = noToken(options);
  expect(finding).toMatchObject({ verdict, found: expect.stringMatching(found) });
  if (verdict === 'warning') expect(finding.advice).toContain('MATOMO_VISITOR_KEY');
});
