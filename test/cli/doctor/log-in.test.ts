import { expect, test } from 'vitest';
import { matomoOnWire, runDoctor } from '../../support/doctor.js';

const CREDENTIALS = 'dXNlcjpzM2NyZXRzM2NyZXQ=';
const HEADERS = { MATOMO_HEADERS: `authorization=Basic ${CREDENTIALS}` };

test('a server that asks for a user name and password is named', async () => {
  const { inspector, env } = await matomoOnWire();
  inspector.play({ status: 401, headers: { 'www-authenticate': 'Basic realm="Matomo"' } });
  const { code, about } = await runDoctor(env);
  expect(about('address')).toMatchObject([{ verdict: 'problem', code: 'refused' }]);
  expect(about('address')[0]?.found).toContain('asks for authentication (Basic)');
  expect(about('address')[0]?.advice).toContain('MATOMO_HEADERS');
  expect(code).toBe(1);
});

test('headers go with every question', async () => {
  const { wire, env } = await matomoOnWire();
  const { code } = await runDoctor(
    { ...env, ...HEADERS, MATOMO_TOKEN_AUTH: 'a'.repeat(32) },
    { args: ['--send'] },
  );
  expect(code).toBe(0);
  expect(wire.requests().length).toBeGreaterThan(4);
  for (const { head } of wire.requests()) {
    expect(head).toContain(`authorization: Basic ${CREDENTIALS}\r\n`);
  }
});

test('whatever a server repeats of a header is not shown', async () => {
  const { inspector, env } = await matomoOnWire();
  for (const answer of [
    { status: 302, headers: { location: `https://x.test/${CREDENTIALS}/` } },
    { status: 401, headers: { 'www-authenticate': `Basic ${CREDENTIALS}` } },
    { contentType: `text/${CREDENTIALS}` },
  ]) {
    inspector.play(answer);
    expect((await runDoctor({ ...env, ...HEADERS })).output).not.toContain(CREDENTIALS);
  }
  const { output } = await runDoctor({ ...env, MATOMO_HEADERS: `Basic ${CREDENTIALS}` });
  expect(output).toContain('MATOMO_HEADERS');
  expect(output).not.toContain(CREDENTIALS.replaceAll('=', ''));
});

test.each([403, 404])('for %d the URL is named first', async (status) => {
  const { inspector, env } = await matomoOnWire();
  inspector.play({ status });
  const { about } = await runDoctor(env);
  expect(about('address')[0]?.advice).toMatch(/^Set MATOMO_URL/);
});

test('a stopped database is named', async () => {
  const { inspector, env } = await matomoOnWire();
  inspector.play({ status: 500, body: '{"status":"error","tracked":0,"invalid":0}' });
  const { about } = await runDoctor(env);
  expect(about('matomo')[0]?.found).toContain('database may be stopped');
  expect(about('matomo')[0]?.advice).toMatch(/^Start Matomo's database/);
});

test('a token that is refused leaves an entry in the tracking failures, and doctor tells', async () => {
  const { env } = await matomoOnWire({ tokens: {} });
  const { about } = await runDoctor({ ...env, MATOMO_TOKEN_AUTH: 'a'.repeat(32) });
  expect(about('token')[0]?.found).toContain('tracking failures');
});
