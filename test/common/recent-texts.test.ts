import { expect, test } from 'vitest';
import { RecentTexts } from '../../src/common/recent-texts.js';
import { keptBytes, PARTS_BYTES } from '../support/kept-bytes.js';

test('a text is new at first, and known when it comes again', () => {
  const texts = new RecentTexts();
  for (const text of ['', 'a', '/products/12?color=3', 'é'.repeat(500), '\ud800'])
    expect([texts.hasSeen(text), texts.hasSeen(text)], text).toEqual([false, true]);
});

test('most of many different texts are new, and are forgotten after thousands of others', () => {
  const texts = new RecentTexts();
  const seen = (round: number) =>
    Array.from({ length: 10_000 }, (_, i) => texts.hasSeen(`/products/${i * 7}?color=${round}`));
  expect(seen(1).filter(Boolean).length).toBeLessThan(500);
  expect(seen(1).filter(Boolean).length).toBeLessThan(1000);
});

test('no text is kept', () => {
  const texts = new RecentTexts();
  expect(keptBytes((part) => texts.hasSeen(part))).toBeLessThan(PARTS_BYTES / 4);
});
