import { expect, test } from 'vitest';
import { runChecks } from '../../support/cli.js';

const OTHERWISE = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };
const NOTHING = { MATOMO_URL: '', MATOMO_SITE_ID: '' };

const GATEWAY = { MATOMO_GATEWAY_LISTEN: '0.0.0.0:4318' };

test.each<[Record<string, string>, verdict: string, code?: string, told?: object]>([
  [NOTHING, 'problem', 'options-missing', { found: expect.stringMatching(/MATOMO_URL.*_SITE_ID/) }],
  [{ MATOMO_URL: 'matomo.test' }, 'warning', 'environment-invalid'],
  [{ MATOMO_SITE_ID: '', MATOMO_SITEID: '1' }, 'problem', 'options-missing'],
  [{ MATOMO_ENABLED: 'false' }, 'problem', 'switched-off'],
  [{ OTEL_SDK_DISABLED: 'true' }, 'problem', 'switched-off'],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: 'otel.yaml' }, 'ok'],
  [{ MATOMO_DRY_RUN: '1' }, 'problem', 'dry-run'],
  [
    { ...GATEWAY, MATOMO_DO_NOT_TRACK: 'true' },
    'warning',
    'headers-not-captured',
    { advice: expect.stringContaining('MATOMO_CAPTURED_HEADERS=dnt,sec-gpc') },
  ],
  [
    { ...GATEWAY, MATOMO_CONSENT: 'cookie:consent=yes', MATOMO_CAPTURED_HEADERS: 'referer' },
    'warning',
    'headers-not-captured',
    { advice: expect.stringContaining('=referer,cookie.') },
  ],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,loopback' }, 'warning', 'proxy-ignored'],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8', MATOMO_TRUST_PROXY: '1' }, 'ok'],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,192.0.2.7' }, 'ok'],
  [
    { MATOMO_QUERRY: 'strip' },
    'problem',
    'privacy-option-invalid',
    { found: expect.stringMatching(/MATOMO_QUERRY.*MATOMO_QUERY\b/) },
  ],
  [{ MATOMO_ENABLED: 'no' }, 'problem', 'privacy-option-invalid'],
  [
    { MATOMO_TRACK_BOT: 'false' },
    'warning',
    'environment-unknown',
    { advice: expect.stringContaining('MATOMO_TRACK_BOTS') },
  ],
  [{ MATOMO_MAX_QUEUE_SIZE: 'x' }, 'warning', 'environment-invalid'],
  [{ MATOMO_TOKEN_AUTH_FILE: '/nowhere' }, 'warning', 'token-file'],
])('an environment of %o: %s, %s', async (env, verdict, code, told = {}) => {
  const diagnosis = await runChecks({ ...OTHERWISE, ...env });
  const [finding] = diagnosis.about('options');
  expect(finding).toMatchObject({ verdict, ...told });
  expect([finding?.code, diagnosis.code]).toEqual([code, 1]);
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
