import { expect, test } from 'vitest';
import { checkPrivacyOptions } from '../../../src/cli/doctor/check-options.js';

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
])('%o: %j', (options, verdicts) => {
  const findings = checkPrivacyOptions({ ...DEFAULT, ...options });
  expect(findings.map(({ verdict }) => verdict)).toEqual(verdicts);
});
