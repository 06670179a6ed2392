import { expect, test } from 'vitest';
import {
  describeSpool,
  matomoOf,
  requireDescription,
  UnusableSpool,
} from '../../../src/delivery/spool/spool-store.js';

const URL = 'https://matomo.example/matomo.php';
const DESCRIPTION = describeSpool(URL);

test('a spool is used for the Matomo in its description', () => {
  expect(() => requireDescription(DESCRIPTION, URL, 'spool.json')).not.toThrow();
  expect(matomoOf(DESCRIPTION)).toBe(URL);
});

test.each([
  ['of another Matomo', describeSpool('https://other.example/matomo.php')],
  ['of another format', JSON.stringify({ ...JSON.parse(DESCRIPTION), format: 2 })],
  ['without a URL', '{"format":1}'],
  ['that is cut off', DESCRIPTION.slice(0, -1)],
  ['that is empty', ''],
])('a spool with a description %s is not used', (_what, description) => {
  expect(() => requireDescription(description, URL, 'spool.json')).toThrow(UnusableSpool);
});
