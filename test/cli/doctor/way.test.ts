import { expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.js';
import { matomoOnWire, runDoctor } from '../../support/doctor.js';
import type { Fault } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';

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
    { code: 'no-answer', found: expect.stringContaining('no answer within 300 ms') },
  ],
])('where %s, that is found', async (_what, fault, expected) => {
  const { wire, env } = await matomoOnWire();
  await wire.play(fault);
  const { code, about } = await runDoctor({ ...env, MATOMO_EXPORT_TIMEOUT: '300' });
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
])('a certificate that %s: so it is said', async (_what, given, expected) => {
  const { env } = await matomoOnWire({}, { certificate: 'server' });
  const { code, about } = await runDoctor({ ...env, ...given });
  expect(about('tls')).toMatchObject([expected]);
  expect(about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(code).toBe(0);
});

test('a proxy of the environment is named without its password, and used', async () => {
  const { inspector } = await matomoOnWire();
  const proxy = await startHttpProxy(inspector.url);
  const env = {
    MATOMO_URL: 'http://matomo.test',
    MATOMO_SITE_ID: '1',
    NO_PROXY: 'a.test',
    http_proxy: '',
  };
  const through = await runDoctor({
    ...env,
    no_proxy: 'a.test',
    HTTP_PROXY: `http://user:proxy5ec2e7@127.0.0.1:${proxy.port}`,
  });
  expect(through.about('proxy')[0]?.found).toContain(`http://127.0.0.1:${proxy.port}`);
  expect(through.about('proxy')[0]?.found).toContain('a.test');
  expect(through.about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(through.output).not.toContain('proxy5ec2e7');
  const wrong = await runDoctor({ ...env, HTTP_PROXY: 'proxy.test:3128' });
  expect(wrong.about('proxy')).toMatchObject([{ verdict: 'problem', code: 'proxy-unusable' }]);
  expect([through.code, wrong.code]).toEqual([0, 1]);
});
