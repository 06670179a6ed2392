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
  [{ MATOMO_SITE_ID: '', MATOMO_SITEID: '1' }, /^warning environment-invalid: .*MATOMO_SITE_ID/],
  [{ MATOMO_ENABLED: 'false' }, /^problem switched-off: /],
  [{ OTEL_SDK_DISABLED: 'true' }, /^problem switched-off: /],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_CONFIG_FILE: 'otel.yaml' }, /^ok /],
  [{ MATOMO_DRY_RUN: '1' }, /^problem dry-run: /],
  [GATEWAY, /^ok /],
  [{ MATOMO_ANONYMIZE_IP: 'yes' }, /^problem privacy-option-invalid: MATOMO_ANONYMIZE_IP .*"yes"/],
  [{ MATOMO_TRACK_BOT: 'false' }, /^warning environment-invalid: .*MATOMO_TRACK_BOTS/],
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
