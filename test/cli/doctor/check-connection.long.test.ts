import { expect, test } from 'vitest';
import { runChecks, runDoctor } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import type { PlayedMatomoAnswer } from '../../support/played-matomo.js';
import { DATABASE_DIED } from '../../support/transport.js';

const json = (body: string): PlayedMatomoAnswer => ({ body, contentType: 'application/json' });
const LOG_IN = { status: 401, headers: { 'www-authenticate': 'Basic realm="Matomo"' } };
const REDIRECT = { status: 301, headers: { location: 'https://stats.test/matomo.php?a=b' } };

test.each<[PlayedMatomoAnswer, finding: string, text?: RegExp]>([
  [
    REDIRECT,
    'address problem redirected',
    /https:\/\/stats\.test\/matomo\.php\b(?!\?).* → .*MATOMO_URL/,
  ],
  [LOG_IN, 'address problem request-rejected', /401.* → .*MATOMO_HEADERS/],
  [{ status: 403 }, 'address problem request-rejected', /403.* → .*firewall.*mod_security/],
  [{ body: '<!doctype html><h1>Welcome</h1>' }, 'address problem not-matomo'],
  [{ body: 'OK', contentType: 'text/plain' }, 'address problem not-matomo'],
  [{ body: DATABASE_DIED }, 'address problem rolled-back', /SQLSTATE\[HY000\].* → .*database/],
  [{ status: 413 }, 'address problem too-large'],
  [json('{"status":"success","tracked":0,"invalid":0}'), 'matomo problem hits-not-counted'],
  [json('{"status":"success","tracked":0,"invalid":1}'), 'site problem site-unknown'],
  [{ contentType: 'image/gif' }, 'queue warning queued-tracking'],
])('the first trouble with a Matomo that answers with %j: %s', async (answer, finding, text) => {
  const { inspector, env } = await matomoOnWire();
  inspector.play(answer);
  const { code, findings } = await runChecks(env);
  const first = findings.find(({ verdict }) => verdict === 'problem' || verdict === 'warning');
  expect(`${first?.check} ${first?.verdict} ${first?.code}`).toBe(finding);
  expect(`${first?.found} → ${first?.advice}`).toMatch(text ?? /→ (?!undefined)./);
  expect(code).toBe(first?.verdict === 'problem' ? 1 : 0);
  expect(inspector.hits().filter(({ stored }) => stored !== null)).toEqual([]);
});

const CA = { NODE_EXTRA_CA_CERTS: 'test/fixtures/tls/ca.pem' };
const UNTRUSTED = {
  verdict: 'problem',
  code: 'unreachable',
  found: expect.stringMatching(/DEPTH_ZERO_SELF_SIGNED_CERT/),
  advice: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
};

test.each<['self-signed' | 'server', Record<string, string>, object]>([
  ['self-signed', CA, UNTRUSTED],
  ['server', CA, { verdict: 'ok' }],
  ['server', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, { verdict: 'warning', code: 'not-private' }],
])('a certificate %s with %o', async (certificate, given, expected) => {
  const { env } = await matomoOnWire({}, { certificate });
  const { code, about } = await runDoctor({ ...env, ...given });
  expect(about('tls')).toMatchObject([expected]);
  expect(about('site')).toMatchObject(expected === UNTRUSTED ? [] : [{ verdict: 'ok' }]);
  expect(code).toBe(expected === UNTRUSTED ? 1 : 0);
});
