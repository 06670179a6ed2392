import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/delivery/answer/outage.js';

test('what to do depends on the reason of the outage', () => {
  const codes = ['unreachable', 'no-answer', 'request-rejected', 'token-rejected'] as const;
  expect(new Set(codes.map(adviceFor)).size).toBe(codes.length);
});
