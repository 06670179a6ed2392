import { expect, test } from 'vitest';
import { CHECKS } from '../../../src/cli/doctor/checks.js';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

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
  inspector.play({ status: 302, headers: { location: `https://x.test/${echo}/` }, times: 1 });
  expect(await outputOf()).not.toMatch(RegExp(`${TOKEN}|${CREDENTIALS}`));
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

test('a proxy of the environment that cannot be used is named', async () => {
  const env = {
    MATOMO_URL: 'http://matomo.test',
    MATOMO_SITE_ID: '1',
    HTTP_PROXY: 'proxy.test:3128',
  };
  const { about, code } = await runChecks(env);
  const finding = { verdict: 'problem', code: 'proxy-unusable' };
  const found = expect.stringContaining('HTTP_PROXY');
  expect(about('address')).toMatchObject([{ ...finding, found }]);
  expect(code).toBe(1);
});
