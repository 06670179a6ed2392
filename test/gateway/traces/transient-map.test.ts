import { expect, test } from 'vitest';
import { TransientMap } from '../../../src/gateway/traces/transient-map.js';

test('keeps what was not deleted, oldest first, whatever was deleted in between', () => {
  const map = new TransientMap<number, { readonly value: number }>();
  for (let key = 0; key < 10_000; key++) {
    map.add(key, { value: key });
    if (key % 100 > 0) map.delete(key);
  }
  const values = Array.from(map.values(), ({ value }) => value);
  expect(values).toEqual(Array.from({ length: 100 }, (_, i) => i * 100));
  expect(map.size).toBe(100);
  expect(map.get(9900)).toEqual({ value: 9900 });
  expect(map.get(9901)).toBeUndefined();
});

test('a key that was deleted can be added again, and is the newest then', () => {
  const map = new TransientMap<string, { readonly value: number }>();
  map.add('a', { value: 1 });
  map.add('b', { value: 2 });
  map.delete('a');
  map.delete('a');
  expect(map.size).toBe(1);
  map.add('a', { value: 3 });
  expect([...map.values()]).toEqual([{ value: 2 }, { value: 3 }]);
});

test('the current entry may be deleted while entries are read', () => {
  const map = new TransientMap<number, { readonly key: number }>();
  for (let key = 0; key < 5000; key++) map.add(key, { key });
  const seen: number[] = [];
  for (const { key } of map.values()) {
    seen.push(key);
    map.delete(key);
  }
  expect(seen).toHaveLength(5000);
  expect(map.size).toBe(0);
});
