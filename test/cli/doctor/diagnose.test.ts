import { expect, test } from 'vitest';
import { checkPrivacyOptions } from '../../../src/cli/doctor/check-options.js';
import { runChecks } from '../../support/cli.js';
import { setEnvironment } from '../../support/environment.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';

const CREDENTIALS = 'dXNlcjpzM2NyZXRzM2NyZXQ=';
const HEADERS = { MATOMO_HEADERS: `authorization=Basic ${CREDENTIALS}` };

test('each of the sites of services is checked', async () => {
  const { env } = await matomoOnWire({ sites: { 1: {}, 3: {} } });
  const { code, about } = await runChecks({ ...env, MATOMO_SITE_ID: 'shop=1, blog=2,admin=1,*=3' });
  expect(about('options')).toMatchObject([{ verdict: 'ok' }]);
  expect(about('options')[0]?.found).toContain('1, 2, 3');
  expect(about('site').map(({ verdict, found }) => [verdict, /\d/.exec(found)?.[0]])).toEqual([
    ['ok', '1'],
    ['problem', '2'],
    ['ok', '3'],
  ]);
  expect(about('address')).toHaveLength(1);
  expect(code).toBe(1);
});

test('what is found of several sites is there for each, with its ID', async () => {
  const { env } = await matomoOnWire({
    sites: { 1: {}, 2: {} },
    spamPrevention: { blockList: ['192.0.2.1'] },
  });
  const sites = { MATOMO_SITE_ID: 'a=1,b=2', MATOMO_TOKEN_AUTH: TOKEN };
  const { about } = await runChecks({ ...env, ...sites });
  for (const check of ['storing', 'reports'] as const) {
    const found = about(check).map((finding) => / site (\d)/.exec(finding.found)?.[1]);
    expect([check, ...found]).toEqual([check, '1', '2']);
  }
});

test('a token that is refused for one of several sites is not tried with the next', async () => {
  const { wire, env } = await matomoOnWire({ tokens: {} });
  const { about } = await runChecks({
    ...env,
    MATOMO_SITE_ID: 'a=1,b=2',
    MATOMO_TOKEN_AUTH: TOKEN,
  });
  expect(about('token')).toHaveLength(1);
  expect(wire.requests().filter(({ body }) => body.includes(TOKEN))).toHaveLength(1);
});

test('whatever a server repeats of a header is not shown', async () => {
  const { inspector, env } = await matomoOnWire();
  for (const answer of [
    { status: 302, headers: { location: `https://x.test/${CREDENTIALS}/` } },
    { status: 401, headers: { 'www-authenticate': `Basic ${CREDENTIALS}` } },
    { contentType: `text/${CREDENTIALS}` },
  ]) {
    inspector.play(answer);
    expect((await runChecks({ ...env, ...HEADERS })).output).not.toContain(CREDENTIALS);
  }
  const { output } = await runChecks({ ...env, MATOMO_HEADERS: `Basic ${CREDENTIALS}` });
  expect(output).toContain('MATOMO_HEADERS');
  expect(output).not.toContain(CREDENTIALS.replaceAll('=', ''));
});

test('headers that are no credentials and a daily key are shown', async () => {
  const { env } = await matomoOnWire();
  const { about } = await runChecks({
    ...env,
    MATOMO_HEADERS: 'x-forwarded-proto=http,x-tenant=127.0.0.1',
    MATOMO_VISITOR_KEY: 'daily',
    MATOMO_MAX_QUEUE_SIZE: 'daily',
  });
  expect(about('options')[0]?.found).toContain('"daily"');
  expect(about('address')[0]?.found).toContain(env.MATOMO_URL);
});

test('headers go with every question', async () => {
  const { wire, env } = await matomoOnWire();
  const { code } = await runChecks(
    { ...env, ...HEADERS, MATOMO_TOKEN_AUTH: 'a'.repeat(32) },
    { sends: true },
  );
  expect(code).toBe(0);
  expect(wire.requests().length).toBeGreaterThan(4);
  for (const { head } of wire.requests()) {
    expect(head).toContain(`authorization: Basic ${CREDENTIALS}\r\n`);
  }
});

test('a proxy of the environment is named without its password, and used', async () => {
  const { inspector } = await matomoOnWire();
  const proxy = await startHttpProxy(inspector.url);
  /** The transport reads the environment of this process. */
  const diagnose = (HTTP_PROXY: string, no_proxy: string) => {
    const env = { MATOMO_URL: 'http://matomo.test', MATOMO_SITE_ID: '1' };
    const proxies = { http_proxy: '', HTTP_PROXY, NO_PROXY: 'a.test', no_proxy };
    setEnvironment(proxies);
    return runChecks({ ...env, ...proxies });
  };
  const through = await diagnose(`http://user:proxy5ec2e7@127.0.0.1:${proxy.port}`, 'a.test');
  expect(through.about('proxy')[0]?.found).toContain(`http://127.0.0.1:${proxy.port}`);
  expect(through.about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(through.output).not.toContain('proxy5ec2e7');
  const exempt = await diagnose(`http://127.0.0.1:${proxy.port}`, 'a.test, .matomo.test');
  expect(exempt.about('proxy')[0]?.found).toMatch(/^NO_PROXY exempts Matomo from .*127\.0\.0\.1/);
  expect(exempt.about('address')).toMatchObject([{ code: 'unreachable' }]);
  const wrong = await diagnose('proxy.test:3128', '');
  expect(wrong.about('proxy')).toMatchObject([{ verdict: 'problem', code: 'proxy-unusable' }]);
  expect([through.code, wrong.code]).toEqual([0, 1]);
});

const DEFAULT = {
  privacy: undefined,
  spool: undefined,
  visitorId: 'auto',
  visitorKey: undefined,
} as const;

test.each([
  [{}, []],
  [{ visitorKey: 'a-secret' }, []],
  [{ visitorKey: 'daily' }, ['unknown']],
  [{ visitorKey: 'daily', visitorId: 'none' } as const, []],
  [{ visitorKey: 'daily', spool: '/var/spool/matomo' }, []],
  [{ privacy: 'strict', visitorKey: 'daily' } as const, ['ok', 'unknown']],
])('privacy options %o: %j', (options, verdicts) => {
  const findings = checkPrivacyOptions({ ...DEFAULT, ...options });
  expect(findings.map(({ verdict }) => verdict)).toEqual(verdicts);
});
