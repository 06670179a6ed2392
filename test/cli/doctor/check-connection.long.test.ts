import { expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/checks.js';
import type { PlayedAnswer } from '../../../src/inspector/index.js';
import { runChecks, runDoctor } from '../../support/cli.js';
import { type Fault, matomoOnWire } from '../../support/fault-proxy.js';
import { DATABASE_DIED } from '../../support/transport.js';

const json = (body: string): PlayedAnswer => ({ body, contentType: 'application/json' });
const DEPRECATED = '<br />\n<b>Deprecated</b>: x in <b>/m/y.php</b> on line <b>3</b><br />\n';
/** Made when it is played. */
const shifted = (seconds: number) => (): PlayedAnswer => ({
  headers: { date: new Date(Date.now() + seconds * 1000).toUTCString() },
});

/** The first finding that is neither good nor unknown. */
function trouble(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ verdict }) => verdict === 'problem' || verdict === 'warning');
}

test.each<[string, PlayedAnswer | (() => PlayedAnswer), finding: string, text?: RegExp]>([
  [
    'a redirect',
    { status: 301, headers: { location: 'https://stats.test/matomo.php?a=b' } },
    'address problem redirected',
    /https:\/\/stats\.test\/matomo\.php\b(?!\?).* → .*MATOMO_URL/,
  ],
  ['a wrong path', { status: 404 }, 'address problem request-rejected'],
  [
    'a server that asks for a user name and password',
    { status: 401, headers: { 'www-authenticate': 'Basic realm="Matomo"' } },
    'address problem request-rejected',
    /401.*\(Basic\).* → .*MATOMO_HEADERS/,
  ],
  ['another page', { body: '<h1>Welcome</h1>' }, 'address problem not-matomo'],
  ['a server that is down', { status: 503 }, 'address problem unavailable'],
  [
    'a database that dies',
    { body: DATABASE_DIED },
    'address problem rolled-back',
    /SQLSTATE\[HY000\].* → .*database/,
  ],
  ['a small limit', { status: 413 }, 'address problem too-large'],
  [
    'tracking switched off',
    json('{"status":"success","tracked":0,"invalid":0}'),
    'matomo problem hits-not-counted',
  ],
  ['a database that is down', { status: 500 }, 'matomo problem rolled-back'],
  [
    'a site that is not there',
    json('{"status":"success","tracked":0,"invalid":1}'),
    'site problem site-unknown',
  ],
  [
    'debug output',
    { body: 'DEBUG: Visitor is known\n', contentType: 'text/plain' },
    'matomo warning tracker-debug',
  ],
  ['messages of PHP instead of counters', { body: DEPRECATED }, 'matomo warning php-output'],
  [
    'text after the counters',
    { body: `{"status":"success","tracked":1,"invalid":0}${DEPRECATED}` },
    'matomo warning text-around-counters',
  ],
  ['an empty answer', { body: '' }, 'queue warning queued-tracking'],
  ['images for everything', { contentType: 'image/gif' }, 'queue warning queued-tracking'],
  [
    'a clock an hour ahead of it',
    shifted(-3600),
    'clock warning clock',
    /3[56]\d\d s ahead.* → .*NTP/,
  ],
  ['a clock two days behind it', shifted(172_800), 'clock problem clock', /\d s behind.* → .*NTP/],
])('%s is found', async (_what, answer, finding, text) => {
  const { inspector, env } = await matomoOnWire();
  inspector.play(typeof answer === 'function' ? answer() : answer);
  const { code, findings } = await runChecks(env);
  const first = trouble(findings);
  expect(`${first?.check} ${first?.verdict} ${first?.code}`).toBe(finding);
  expect(`${first?.found} → ${first?.advice}`).toMatch(text ?? /→ (?!undefined)./);
  expect(code).toBe(first?.verdict === 'problem' ? 1 : 0);
  expect(inspector.hits().filter(({ stored }) => stored !== null)).toEqual([]);
});

test('a clock that is two days behind is no more than a warning where there is a token', async () => {
  const { inspector, env } = await matomoOnWire();
  inspector.play(shifted(172_800)());
  const { code, about } = await runChecks({ ...env, MATOMO_TOKEN_AUTH: 'a'.repeat(32) });
  expect(about('clock')).toMatchObject([{ verdict: 'warning' }]);
  expect(code).toBe(0);
});

test.each<[string, Fault, Partial<Finding>]>([
  [
    'nobody listens',
    { kind: 'refuse' },
    { code: 'unreachable', found: expect.stringContaining('ECONNREFUSED') },
  ],
  ['connections are reset', { kind: 'reset-before-body' }, { code: 'no-answer' }],
  [
    'nothing is answered',
    { kind: 'stall' },
    { code: 'no-answer', found: expect.stringContaining('no answer within 2000 ms') },
  ],
])('where %s, that is found', async (_what, fault, expected) => {
  const { wire, env } = await matomoOnWire();
  await wire.play(fault);
  const { code, about } = await runChecks({ ...env, MATOMO_EXPORT_TIMEOUT: '2000' });
  expect(about('address')).toMatchObject([{ verdict: 'problem', ...expected }]);
  expect(code).toBe(1);
});

test.each([
  ['self-signed', /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ['expired', /CERT_HAS_EXPIRED/],
  ['elsewhere', /ERR_TLS_CERT_ALTNAME_INVALID/],
] as const)('a certificate that is %s is found', async (certificate, found) => {
  const { env } = await matomoOnWire({}, { certificate });
  const { code, about } = await runDoctor({
    ...env,
    NODE_EXTRA_CA_CERTS: 'test/fixtures/tls/ca.pem',
  });
  expect(about('tls')).toMatchObject([{ verdict: 'problem', code: 'certificate' }]);
  expect(about('tls')[0]?.found).toMatch(found);
  expect(about('tls')[0]?.advice).toContain('NODE_EXTRA_CA_CERTS');
  expect(code).toBe(1);
});

test.each([
  ['is trusted', { NODE_EXTRA_CA_CERTS: 'test/fixtures/tls/ca.pem' }, { verdict: 'ok' }],
  [
    'is not looked at',
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { verdict: 'warning', code: 'not-private' },
  ],
])('a certificate that %s: it is reported', async (_what, given, expected) => {
  const { env } = await matomoOnWire({}, { certificate: 'server' });
  const { code, about } = await runDoctor({ ...env, ...given });
  expect(about('tls')).toMatchObject([expected]);
  expect(about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(code).toBe(0);
});
