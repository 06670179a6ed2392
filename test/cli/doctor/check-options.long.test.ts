import { expect, test } from 'vitest';
import { runChecks } from '../../support/doctor.js';

const OTHERWISE = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };

test.each<[Record<string, string>, object]>([
  [
    {},
    {
      verdict: 'problem',
      code: 'options-missing',
      found: expect.stringMatching(/MATOMO_URL.*MATOMO_SITE_ID/),
    },
  ],
  [
    { MATOMO_URL: 'matomo.test', MATOMO_SITE_ID: '1' },
    { verdict: 'warning', code: 'environment-invalid' },
  ],
  [
    { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITEID: '1' },
    { verdict: 'problem', code: 'options-missing' },
  ],
  [
    { ...OTHERWISE, MATOMO_ENABLED: 'false' },
    { verdict: 'problem', code: 'switched-off' },
  ],
  [
    { ...OTHERWISE, OTEL_SDK_DISABLED: 'true' },
    { verdict: 'problem', code: 'switched-off' },
  ],
  [{ ...OTHERWISE, OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: 'otel.yaml' }, { verdict: 'ok' }],
  [
    { ...OTHERWISE, MATOMO_DRY_RUN: '1' },
    { verdict: 'problem', code: 'dry-run' },
  ],
  [
    { ...OTHERWISE, MATOMO_GATEWAY_LISTEN: '0.0.0.0:4318', MATOMO_DO_NOT_TRACK: 'true' },
    {
      verdict: 'warning',
      code: 'headers-not-captured',
      advice: expect.stringContaining('MATOMO_CAPTURED_HEADERS=dnt,sec-gpc'),
    },
  ],
  [
    {
      ...OTHERWISE,
      MATOMO_GATEWAY_LISTEN: '0.0.0.0:4318',
      MATOMO_CONSENT: 'cookie:consent=yes',
      MATOMO_CAPTURED_HEADERS: 'referer',
    },
    { code: 'headers-not-captured', advice: expect.stringContaining('=referer,cookie.') },
  ],
  [
    { ...OTHERWISE, MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,loopback' },
    { verdict: 'warning', code: 'proxy-ignored' },
  ],
  [
    { ...OTHERWISE, MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8', MATOMO_TRUST_PROXY: '1' },
    { verdict: 'ok' },
  ],
  [{ ...OTHERWISE, MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,192.0.2.7' }, { verdict: 'ok' }],
  [
    { ...OTHERWISE, MATOMO_QUERRY: 'strip' },
    {
      verdict: 'problem',
      code: 'privacy-option-invalid',
      found: expect.stringMatching(/MATOMO_QUERRY.*MATOMO_QUERY\b/),
    },
  ],
  [
    { ...OTHERWISE, MATOMO_ENABLED: 'no' },
    { verdict: 'problem', code: 'privacy-option-invalid' },
  ],
  [
    { ...OTHERWISE, MATOMO_TRACK_BOT: 'false' },
    {
      verdict: 'warning',
      code: 'environment-unknown',
      advice: expect.stringContaining('MATOMO_TRACK_BOTS'),
    },
  ],
  [
    { ...OTHERWISE, MATOMO_MAX_QUEUE_SIZE: 'x' },
    { verdict: 'warning', code: 'environment-invalid' },
  ],
  [
    { ...OTHERWISE, MATOMO_TOKEN_AUTH_FILE: '/nowhere' },
    { verdict: 'warning', code: 'token-file' },
  ],
])('an environment of %o', async (env, expected) => {
  const { code, about } = await runChecks(env);
  expect(about('options')[0]).toMatchObject(expected);
  expect(code).toBe(1);
});

test.each([
  [{ ...OTHERWISE, MATOMO_SITE_ID: '' }, /siteId \(MATOMO_SITE_ID\)/],
  [{ ...OTHERWISE, MATOMO_MAX_QUEUE_SIZE: '1. 2' }, /^MATOMO_MAX_QUEUE_SIZE .*"1\. 2"/],
  [{ ...OTHERWISE, MATOMO_ANONYMIZE_IP: 'yes' }, /^MATOMO_ANONYMIZE_IP .*"yes"/],
  [{ ...OTHERWISE, MATOMO_TOKEN_AUTH_FILE: '/nowhere' }, /MATOMO_TOKEN_AUTH_FILE.*\(ENOENT\)/],
])('the advice for %o is printed once', async (env, found) => {
  const { about } = await runChecks(env);
  const [finding] = about('options');
  expect(finding?.found).toMatch(found);
  expect(finding?.advice).toBeTruthy();
  expect(finding?.found).not.toContain(finding?.advice);
});

test('a misspelled variable is one finding, whichever option it is of', async () => {
  const env = { ...OTHERWISE, MATOMO_QUERRY: 'strip', MATOMO_SITEID: '1', PIWIK_URL: 'x' };
  const { about } = await runChecks(env);
  expect(about('options').map(({ code, found }) => [code, found.split(' ', 1)[0]])).toEqual([
    ['privacy-option-invalid', 'MATOMO_QUERRY'],
    ['environment-unknown', 'MATOMO_SITEID'],
  ]);
});

test('a name with an underscore too few is told', async () => {
  const { about } = await runChecks({ MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITEID: '1' });
  expect(about('options').at(-1)).toMatchObject({
    code: 'environment-unknown',
    advice: expect.stringContaining('MATOMO_SITE_ID'),
  });
});
