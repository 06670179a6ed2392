import { expect, test } from 'vitest';
import { runChecks, runDoctor } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';

const TOKEN = 'c0ffee5ec2e7c0ffee5ec2e7c0ffee5e';

const CREDENTIALS = 'dXNlcjpzM2NyZXRzM2NyZXQ=';
const HEADERS = { MATOMO_HEADERS: `authorization=Basic ${CREDENTIALS}` };

test('each of the sites of services is checked', async () => {
  const { env } = await matomoOnWire({ sites: { 1: {}, 3: {} } });
  const { code, about } = await runDoctor({ ...env, MATOMO_SITE_ID: 'shop=1, blog=2,admin=1,*=3' });
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

test('an invalid list of sites is a problem', async () => {
  const { env } = await matomoOnWire();
  const { code, about } = await runChecks({ ...env, MATOMO_SITE_ID: 'shop=1,shop=2' });
  expect(about('options')[0]?.found).toContain('MATOMO_SITE_ID must be');
  expect(code).toBe(1);
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
