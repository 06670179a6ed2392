import { expect, test } from 'vitest';
import { CHECKS } from '../../../src/cli/doctor/checks.js';
import { runChecks } from '../../support/cli.js';
import { setEnvironment } from '../../support/environment.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';

const CREDENTIALS = 'dXNlcjpzM2NyZXRzM2NyZXQ=';
const HEADERS = { MATOMO_HEADERS: `authorization=Basic ${CREDENTIALS}` };

test('each of the sites of services is checked, and what is found of it has its ID', async () => {
  const drops = (hit: URLSearchParams) => hit.get('rec') === '1' && hit.get('cip') !== null;
  const { env } = await matomoOnWire({ sites: { 1: {}, 3: {} }, drops });
  const { code, about } = await runChecks({
    ...{ ...env, MATOMO_TOKEN_AUTH: TOKEN },
    MATOMO_SITE_ID: 'shop=1, blog=2,admin=1,*=3',
  });
  const ofSites = (check: 'site' | 'storing') =>
    about(check).map(({ verdict, found }) => `${/ site (\d)/.exec(` ${found}`)?.[1]} ${verdict}`);
  expect(about('options')).toMatchObject([{ verdict: 'ok' }]);
  expect(about('options')[0]?.found).toContain('1, 2, 3');
  expect(ofSites('site')).toEqual(['1 ok', '2 problem', '3 ok']);
  expect(ofSites('storing')).toEqual(['1 warning', '3 warning']);
  expect(about('address')).toHaveLength(1);
  expect(code).toBe(1);
});

test('a token that is refused for one of several sites is not tried with the next', async () => {
  const { wire, env } = await matomoOnWire({ tokens: {} });
  const sites = { MATOMO_SITE_ID: 'a=1,b=2', MATOMO_TOKEN_AUTH: TOKEN };
  const { about } = await runChecks({ ...env, ...sites });
  expect(about('token')).toHaveLength(1);
  const tried = wire.requests().filter(({ body }) => /"requests".*"token_auth"/.test(body));
  expect(tried).toHaveLength(1);
});

test('whatever a server repeats of the token or a header is not shown', async () => {
  const { inspector, env } = await matomoOnWire();
  const secret = { ...HEADERS, MATOMO_TOKEN_AUTH: TOKEN };
  const echo = `${TOKEN}/${CREDENTIALS}`;
  const outputOf = async (given = {}) => (await runChecks({ ...env, ...secret, ...given })).output;
  for (const answer of [
    { status: 302, headers: { location: `https://x.test/${echo}/` } },
    { status: 401, headers: { 'www-authenticate': `Basic ${echo}` } },
    { contentType: `text/${echo}` },
  ]) {
    inspector.play(answer);
    expect(await outputOf()).not.toMatch(RegExp(`${TOKEN}|${CREDENTIALS}`));
  }
  const headers = await outputOf({ MATOMO_HEADERS: `Basic ${CREDENTIALS}` });
  expect(headers).toContain('MATOMO_HEADERS');
  expect(headers).not.toContain(CREDENTIALS.replaceAll('=', ''));
  const site = await outputOf({ MATOMO_SITE_ID: TOKEN });
  expect(site).toContain('MATOMO_SITE_ID must be');
  expect(site).not.toContain(TOKEN);
});

test('headers go with every question, and findings come in the order of the table, also of a queue', async () => {
  const { inspector, wire, env } = await matomoOnWire();
  inspector.play({ contentType: 'image/gif', body: 'GIF89a', times: 1 });
  const given = { ...env, ...HEADERS, MATOMO_TOKEN_AUTH: TOKEN };
  const { code, findings } = await runChecks(given, { sends: true });
  const order = findings.map(({ check }) => CHECKS.indexOf(check));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(code).toBe(0);
  expect(wire.requests().length).toBeGreaterThan(4);
  for (const { head } of wire.requests()) {
    expect(head).toContain(`authorization: Basic ${CREDENTIALS}\r\n`);
  }
});

test('a proxy of the environment is used, and one that cannot be used is named', async () => {
  const { inspector } = await matomoOnWire();
  const proxy = await startHttpProxy(inspector.url);
  /** The transport reads the environment of this process. */
  const diagnose = (HTTP_PROXY: string) => {
    const env = { MATOMO_URL: 'http://matomo.test', MATOMO_SITE_ID: '1' };
    const proxies = { http_proxy: '', HTTP_PROXY, NO_PROXY: 'a.test', no_proxy: '' };
    setEnvironment(proxies);
    return runChecks({ ...env, ...proxies });
  };
  const through = await diagnose(`http://user:proxy5ec2e7@127.0.0.1:${proxy.port}`);
  expect(through.about('site')).toMatchObject([{ verdict: 'ok' }]);
  expect(through.output).not.toContain('proxy5ec2e7');
  const wrong = await diagnose('proxy.test:3128');
  const found = expect.stringContaining('HTTP_PROXY');
  expect(wrong.about('address')).toMatchObject([
    { verdict: 'problem', code: 'proxy-unusable', found },
  ]);
  expect([through.code, wrong.code]).toEqual([0, 1]);
});
