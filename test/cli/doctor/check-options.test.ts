import { expect, test } from 'vitest';
import { checkOptions } from '../../../src/cli/doctor/check-options.js';

const OTHERWISE = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };
const NOTHING = { MATOMO_URL: '', MATOMO_SITE_ID: '' };
const GATEWAY = { MATOMO_GATEWAY_LISTEN: '0.0.0.0:4318' };

/** Of each finding: its verdict, its code, what was found and what to do. */
function check(env: Record<string, string>): string[] {
  return checkOptions({ ...OTHERWISE, ...env }).findings.map(
    ({ verdict, code = '-', found, advice }) => `${verdict} ${code}: ${found} → ${advice}`,
  );
}

test.each<[Record<string, string>, finding: RegExp]>([
  [{}, /^ok -: site 1 at /],
  [{ MATOMO_QUERY: '', AUTOMATO_URL: 'x' }, /^ok /],
  [NOTHING, /^problem options-missing: .*MATOMO_URL.*_SITE_ID/],
  [{ MATOMO_SITE_ID: '', MATOMO_SITEID: '1' }, /^problem options-missing: .*\(MATOMO_SITE_ID\)/],
  [{ MATOMO_ENABLED: 'false' }, /^problem switched-off: /],
  [{ OTEL_SDK_DISABLED: 'true' }, /^problem switched-off: /],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: 'otel.yaml' }, /^ok /],
  [{ MATOMO_DRY_RUN: '1' }, /^problem dry-run: /],
  [
    { ...GATEWAY, MATOMO_DO_NOT_TRACK: 'true' },
    /^warning headers-not-captured: .*MATOMO_CAPTURED_HEADERS=dnt,sec-gpc/,
  ],
  [
    { ...GATEWAY, MATOMO_CONSENT: 'cookie:consent=yes', MATOMO_CAPTURED_HEADERS: 'referer' },
    /^warning headers-not-captured: .*=referer,cookie\./,
  ],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,loopback' }, /^warning proxy-ignored: /],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8', MATOMO_TRUST_PROXY: '1' }, /^ok /],
  [{ MATOMO_IGNORE_ADDRESSES: '10.0.0.0/8,192.0.2.7' }, /^ok /],
  [{ MATOMO_ANONYMIZE_IP: 'yes' }, /^problem privacy-option-invalid: MATOMO_ANONYMIZE_IP .*"yes"/],
  [{ MATOMO_TRACK_BOT: 'false' }, /^warning environment-unknown: .*MATOMO_TRACK_BOTS/],
  [{ MATOMO_MAX_QUEUE_SIZE: '1. 2' }, /^warning environment-invalid: MATOMO_MAX_Q.*"1\. 2"/],
  [{ MATOMO_TOKEN_AUTH_FILE: '/nowhere' }, /^warning token-file: .*_FILE .*\(ENOENT\)/],
])('an environment of %o: %s', (env, finding) => {
  const [first = ''] = check(env);
  expect(first).toMatch(finding);
  // The advice is there once.
  const [, found, advice = ''] = /: (.*) → (.*)$/.exec(first) ?? [];
  if (!first.startsWith('ok')) expect(advice).not.toBe('undefined');
  expect(found).not.toContain(advice);
});

test('a misspelled variable is one finding, whichever option it is of', () => {
  const found = check({
    MATOMO_QUERRY: 'strip',
    MATOMO_SITEID: '1',
    MATOMO_LISTEN: '4318',
    PIWIK_URL: 'x',
  });
  expect(found).toEqual([
    expect.stringMatching(/^problem privacy-option-invalid: MATOMO_QUERRY /),
    expect.stringMatching(/^warning environment-unknown: MATOMO_SITEID /),
    expect.stringMatching(/^warning environment-unknown: MATOMO_LISTEN .*MATOMO_GATEWAY_LISTEN/),
  ]);
});
