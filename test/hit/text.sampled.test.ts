import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutBytes } from '../../src/hit/text.js';
import { sampled } from '../support/long.js';
import { seededRuns } from '../support/seed.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
};

test('a text is cut only if it has too many bytes after HTML escaping, and after the last character that fits', () => {
  const character = fc.constantFrom('a', '&', '<', '"', 'é', '€', '😀');
  const texts = fc.oneof(
    fc.array(character, { maxLength: 40 }),
    fc.array(fc.constant('"'), { maxLength: 40 }),
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 250 }), (characters, max) => {
      const fitting = characters.findLastIndex(
        (_, i) => bytesOf(characters.slice(0, i + 1)) <= max,
      );
      expect(cutBytes(characters.join(''), max)).toBe(characters.slice(0, fitting + 1).join(''));
    }),
    seededRuns(sampled(500, 5000)),
  );
});

function bytesOf(characters: readonly string[]): number {
  return Buffer.byteLength(characters.map((text) => ENTITIES[text] ?? text).join(''));
}
