import { expect, test } from 'vitest';
import { createRowMemory } from '../../../src/inspector/rules/tracker-memory.js';

const LONG = 'x'.repeat(1_000_000);

test.each([
  ['rows', 100_001, '', ''],
  ['characters of keys', 40, LONG, ''],
  ['characters of values', 40, '', LONG],
])('rows are forgotten before there are too many %s', (_what, count, key, value) => {
  const memory = createRowMemory();
  for (let i = 0; i < count; i += 1) {
    const rows = memory.begin();
    rows.set(key + i, value);
    rows.commit();
  }
  const { get } = memory.begin();
  expect(get(`${key}0`)).toBeUndefined();
  expect(get(`${key}${count - 1}`)).toBe(value);
});

test('rows that are replaced take no more room, and rows without commit none', () => {
  const memory = createRowMemory();
  const first = memory.begin();
  first.set('order', '');
  first.commit();
  for (let i = 0; i < 100; i += 1) {
    memory.begin().set(`lost ${i}`, LONG);
    const again = memory.begin();
    again.set('visit', LONG);
    again.commit();
  }
  expect(memory.begin().get('order')).toBe('');
});
