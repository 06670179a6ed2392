import { expect, test } from 'vitest';
import { copyText, RecentTexts, remember } from '../../src/common/recent-texts.js';

/** Looks for a value, and keeps it if it may be kept. */
function use(recent: RecentTexts<string>, first: string, second = ''): boolean {
  const value = `${first} ${second}`;
  const known = recent.find(first, second);
  if (known === undefined && recent.mayKeep) recent.keep(value, first, second);
  if (known !== undefined) expect(known).toBe(value);
  return known !== undefined;
}

test.for([[''], ['b']])('a text is kept when it comes for the second time, with %j', ([second]) => {
  const recent = new RecentTexts<string>(64);
  expect([1, 2, 3, 4].map(() => use(recent, 'a', second))).toEqual([false, false, true, true]);
  expect(use(recent, 'a', 'another')).toBe(false);
});

test('no more texts are kept than there is room for, and the latest ones are', () => {
  const recent = new RecentTexts<string>(16);
  for (let i = 0; i < 1000; i++) {
    use(recent, `text ${i}`);
    use(recent, `text ${i}`);
    expect(use(recent, `text ${i}`)).toBe(true);
  }
  const known = Array.from({ length: 1000 }, (_, i) => recent.find(`text ${i}`)).filter(Boolean);
  expect(known.length).toBeGreaterThan(4);
  expect(known.length).toBeLessThanOrEqual(16);
});

test('nearly all texts that come in turns are kept if they are a quarter of the places', () => {
  const recent = new RecentTexts<string>(2048);
  const texts = Array.from({ length: 500 }, (_, i) => `/users/${i}/orders`);
  for (let round = 0; round < 3; round++) for (const text of texts) use(recent, text);
  expect(texts.filter((text) => use(recent, text)).length).toBeGreaterThan(450);
});

test('long texts are not kept', () => {
  const recent = new RecentTexts<string>(16);
  const long = 'x'.repeat(501);
  for (let i = 0; i < 5; i++) {
    expect(use(recent, long)).toBe(false);
    expect(use(recent, 'a', long)).toBe(false);
  }
});

test('a value is made once for a text that comes again, unless it must not be kept', () => {
  const made: string[] = [];
  const make = (text: string) => made.push(text) && text.toUpperCase();
  const toUpper = remember(16, make, (value) => value !== 'SECRET');
  const results = ['a', 'a', 'a', 'a', 'secret', 'secret', 'secret'].map(toUpper);
  expect(results).toEqual(['A', 'A', 'A', 'A', 'SECRET', 'SECRET', 'SECRET']);
  expect(made).toEqual(['a', 'a', 'secret', 'secret', 'secret']);
});

test.for(['größer', 'a\udc00b', '\ufeffa'])('a copy of %j is the same text', (text) => {
  expect(copyText(text)).toBe(text);
});
