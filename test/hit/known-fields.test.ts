import { expect, test } from 'vitest';
import { findKnownFields } from '../../src/hit/known-fields.js';
import { overrideAll } from '../../src/hit/parameters/overrides.js';
import { keptBytes, PARTS_BYTES } from '../support/kept-bytes.js';

function unexpected(key: string): never {
  throw new Error(`unexpected report ${key}`);
}

/** What the parameters make without anything that is remembered. */
function read(parameters: Record<string, unknown>): [string, string][] {
  const checked = new Map<string, string>();
  overrideAll(checked, parameters, false, unexpected, 'annotate');
  return [...checked];
}

function known(parameters: Record<string, unknown>): [string, string][] | undefined {
  return findKnownFields(parameters)?.fields.map(({ name, value }) => [name, value]);
}

test('parameters make the same fields each time, among more different ones than are remembered', () => {
  const events = Array.from({ length: 800 }, (_, i) => [
    { e_c: 'Search', e_a: 'no results', e_v: i },
    { e_c: 'Search', e_a: 'no results', e_n: ` name ${i} `, e_v: '1' },
    { e_c: 'Search', e_a: 'no results', e_v: 1 },
    { e_a: 'Search', e_c: 'no results' },
    { idgoal: i + 1, revenue: 1.5, url: 'https://shop.example/' },
  ]).flat();
  for (const event of events) {
    expect(known(event)).toEqual(read(event));
    const found = findKnownFields(event);
    expect(found?.text).toBe(found?.fields.map(({ pair }) => pair).join(''));
    expect(found?.ownCount).toBe(Object.keys(event).length);
    expect(found?.hasShared).toBe('url' in event);
  }
});

test('what is to be reported, and what is too long to be remembered, is left to others', () => {
  expect(findKnownFields({ e_c: 'a', unknown: 'b' })).toBeUndefined();
  expect(findKnownFields({ e_c: 'a', cip: '192.0.2.1' })).toBeUndefined();
  expect(findKnownFields({ uid: 'ann' })).toBeUndefined();
  expect(findKnownFields({ e_c: {} })).toBeUndefined();
  expect(findKnownFields({ ec_items: 'x'.repeat(501) })).toBeUndefined();
  const dimensions = Array.from({ length: 900 }, (_, i) => [`dimension${i + 1}`, 'value']);
  expect(findKnownFields(Object.fromEntries(dimensions))).toBeUndefined();
});

test('no text is kept of which a value is a part', () => {
  const kept = keptBytes((part) => findKnownFields({ e_c: 'Search', e_a: part }));
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});
