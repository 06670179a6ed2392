import { expect, test } from 'vitest';
import { readQuery } from '../../../src/inspector/rules/read-url.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

test('a hit keeps no more of a long query than its parameters', () => {
  const kept: unknown[] = [];
  const bytes = keptBytes((part, text) => kept.push(readQuery(`url=${text}&url=${part}`)));
  expect(kept).toHaveLength(200);
  expect(bytes).toBeLessThan(PARTS_BYTES / 10);
});
