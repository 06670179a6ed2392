import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyedHash } from '../../src/hit/keyed-hash.js';
import { seededRuns } from '../support/seed.js';

test('it is the HMAC that node:crypto makes, with keys and texts of any length', () => {
  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  );
  const text = fc.string({ unit: 'binary', maxLength: 1500, size: 'max' });
  fc.assert(
    fc.property(key, text, text, (given, first, second) => {
      const keyedHash = createKeyedHash(given);
      for (const each of [first, second, first]) {
        expect(keyedHash(each, 32)).toBe(createHmac('sha256', given).update(each).digest('hex'));
      }
    }),
    seededRuns(),
  );
});
