import { expect, test } from 'vitest';
import { matomoOnWire, runDoctor } from '../../support/doctor.js';

const CREDENTIALS = 'dXNlcjpzM2NyZXRzM2NyZXQ=';
const HEADERS = { MATOMO_HEADERS: `authorization=Basic ${CREDENTIALS}` };

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
