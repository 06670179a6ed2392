import { expect, onTestFinished, test, vi } from 'vitest';
import { DailyKeys } from '../../src/common/visitor-keys.js';
import { createToVisitorId } from '../../src/hit/visitor/visitor-id.js';

const HOUR_MILLIS = 3_600_000;
const DAY_MILLIS = 24 * HOUR_MILLIS;
const TODAY = 20_778;
const MIDNIGHT = TODAY * DAY_MILLIS;

function keysAt(epochMillis: number): DailyKeys {
  vi.useFakeTimers({ now: epochMillis, toFake: ['Date', 'setInterval', 'clearInterval'] });
  const keys = new DailyKeys();
  onTestFinished(() => {
    keys.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  return keys;
}

test('a key is the same all day, and no two days have the same', () => {
  const keys = keysAt(MIDNIGHT + HOUR_MILLIS);
  const key = keys.keyOf(TODAY);
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS - 1);
  expect(keys.keyOf(TODAY)).toBe(key);
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS);
  expect(keys.keyOf(TODAY + 1)).not.toEqual(key);
  expect(keys.keyOf(TODAY)).toBe(key);
});

test("yesterday's key is deleted after an hour, for good", () => {
  const keys = keysAt(MIDNIGHT + DAY_MILLIS - 1);
  expect(keys.keyOf(TODAY)).toBeDefined();
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS + HOUR_MILLIS);
  expect(keys.keyOf(TODAY)).toBeUndefined();
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS);
  const toVisitorId = createToVisitorId(keys.keyOf);
  const client = { address: '192.0.2.1', userAgent: 'curl/8', site: 1 };
  const at = (startMillis: number) => toVisitorId({ ...client, startMillis });
  expect(at(MIDNIGHT - 1)).not.toBe(at(MIDNIGHT - 1)); // random
  expect(at(MIDNIGHT + DAY_MILLIS)).toBe(at(MIDNIGHT + DAY_MILLIS));
});

test('a key is deleted although no request comes', () => {
  const keys = keysAt(MIDNIGHT + DAY_MILLIS - 1);
  const key = new WeakRef(keys.keyOf(TODAY) as object);
  vi.advanceTimersByTime(HOUR_MILLIS + 60_001);
  // The clock steps back: if the key were still there, it would be found.
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS - 1);
  expect(keys.keyOf(TODAY)).not.toBe(key.deref());
});

test('the key of a spool is taken before its day begins, and not exchanged during it', () => {
  const keys = keysAt(MIDNIGHT + DAY_MILLIS - 600_000);
  expect(keys.days).toEqual([TODAY, TODAY + 1]);
  keys.learn(TODAY + 1, Buffer.alloc(32, 1));
  keys.learn(TODAY + 1, Buffer.alloc(32, 2));
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS);
  expect(keys.keyOf(TODAY + 1)).toEqual(Buffer.alloc(32, 1));
  vi.setSystemTime(MIDNIGHT + DAY_MILLIS + HOUR_MILLIS);
  expect(keys.days).toEqual([TODAY + 1]);
});
