import { expect, test } from 'vitest';
import { RecentSpans } from '../../../src/gateway/traces/recent-spans.js';

test('a span that is sent again and again stays known among many others', () => {
  const recent = new RecentSpans();
  recent.add('trace', 'span');
  for (let i = 0; i < 450_000; i++) {
    if (i % 70_000 === 69_999) expect(recent.add('trace', 'span')).toBe(true);
    recent.add(`trace ${i}`, 'span');
  }
});

test('of very many spans, the latest 100,000 are known and no other span is', () => {
  const recent = new RecentSpans();
  for (let i = 0; i < 250_000; i++) recent.add('trace', `span ${i}`);
  const known = (i: number) => recent.add('trace', `span ${i}`);
  const latest = Array.from({ length: 100_000 }, (_, i) => 150_000 + i);
  expect(latest.filter((i) => !known(i))).toEqual([]);
  const others = Array.from({ length: 100_000 }, (_, i) => 250_000 + i);
  expect(others.filter(known)).toEqual([]);
  expect(known(0)).toBe(false);
});

test('spans of one trace are told apart, and so are traces', () => {
  const recent = new RecentSpans();
  for (const id of ['a', 'b', 'c']) recent.add('one', id);
  recent.add('two', 'd');
  expect(['a', 'b', 'c', 'd'].map((id) => recent.add('one', id))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(['a', 'b', 'c', 'd'].map((id) => recent.add('two', id))).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
