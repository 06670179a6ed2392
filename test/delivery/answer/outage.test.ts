import { expect, test, vi } from 'vitest';
import { adviceFor, Outage } from '../../../src/delivery/answer/outage.js';
import { useFakeTime } from '../../support/delivery.js';
import { collectDiagnostics } from '../../support/diagnostics.js';

useFakeTime();

test.each([
  ['that is due', 0],
  ['that depends on further hits', Number.POSITIVE_INFINITY],
])('an outage is repeated with a next attempt %s', (_when, waitUntilMillis) => {
  const { diagnostics, logged } = collectDiagnostics();
  const outage = new Outage(diagnostics, () => ({ pending: 1, waitUntilMillis }));
  outage.begin({ code: 'unavailable', reason: 'Matomo answered with status 503' }, true);
  vi.advanceTimersByTime(11 * 60_000);
  outage.close();
  expect(logged).toHaveLength(2);
  expect(logged.join()).not.toContain('Infinity');
});

test('what to do depends on the reason of the outage', () => {
  const codes = ['unreachable', 'no-answer', 'request-rejected', 'token-rejected'] as const;
  expect(new Set(codes.map(adviceFor)).size).toBe(codes.length);
});
