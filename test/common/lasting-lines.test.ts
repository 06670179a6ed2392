import { expect, onTestFinished, test, vi } from 'vitest';
import { LineLimiter } from '../../src/common/line-limiter.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function setUp(options: { quietMillis?: number } = {}) {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  const lines = new LineLimiter((line) => void said.push(line));
  const repeated = (since: string) => `since ${since}`;
  const state = lines.lasting({ key: 'outage', ended: () => 'over', repeated, ...options });
  return { said, lines, state, begin: (cause: string) => state.begin(cause, () => cause) };
}

test('a state has a line at its beginning, one after ten minutes, one every hour, and one at its end', () => {
  const { said, state, begin } = setUp();
  begin('503');
  for (let i = 0; i < 150; i++) {
    vi.advanceTimersByTime(MINUTE);
    begin('503');
  }
  state.end();
  vi.advanceTimersByTime(2 * HOUR);
  const since = 'since 2026-11-20T12:00:00Z';
  expect(said).toEqual(['503', since, since, since, 'over']);
});

test('another cause is written, at most once a minute, unless it changed back', () => {
  const { said, begin } = setUp();
  begin('refused');
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(10 * SECOND);
    begin('502');
    vi.advanceTimersByTime(SECOND);
    begin('503');
  }
  expect(said).toEqual(['refused']);
  vi.advanceTimersByTime(MINUTE);
  expect(said).toEqual(['refused', '503']);
  begin('502');
  begin('503');
  vi.advanceTimersByTime(5 * MINUTE);
  expect(said).toHaveLength(2);
});

test('the second outage is in the log, and one that flickers does not fill it', () => {
  const { said, state, begin } = setUp();
  for (let i = 0; i < 2; i++) {
    begin('503');
    vi.advanceTimersByTime(2 * MINUTE);
    state.end();
    vi.advanceTimersByTime(2 * MINUTE);
  }
  expect(said).toEqual(['503', 'over', '503', 'over']);
  for (let i = 0; i < 600; i++) {
    if (i % 2 === 0) begin('503');
    else state.end();
    vi.advanceTimersByTime(SECOND / 2);
  }
  expect(said.length - 4).toBeLessThanOrEqual(12);
  vi.advanceTimersByTime(5 * MINUTE);
  expect(said.at(-1)).toMatch(/^over/);
});

test('the end of a state whose beginning has no line has none', () => {
  const { said, state } = setUp();
  state.begin('503', () => '503', SECOND);
  state.end();
  vi.advanceTimersByTime(MINUTE);
  expect(said).toEqual([]);
});

test('the end of a state that has begun again has no line', () => {
  const { said, state, begin } = setUp();
  begin('503');
  vi.advanceTimersByTime(50 * SECOND);
  state.end();
  vi.advanceTimersByTime(10 * SECOND);
  begin('503');
  state.end();
  begin('503');
  vi.advanceTimersByTime(5 * MINUTE);
  expect(said).toEqual(['503', 'over', '503']);
});

test('a state without an end of its own ends a minute after it was last seen', () => {
  const { said, begin } = setUp({ quietMillis: MINUTE });
  for (let i = 0; i < 10; i++) {
    begin('full');
    vi.advanceTimersByTime(40 * SECOND);
  }
  vi.advanceTimersByTime(20 * SECOND - 1);
  expect(said).toEqual(['full']);
  vi.advanceTimersByTime(1);
  expect(said).toEqual(['full', 'over']);
});

test('a process that ends writes what changed, and repeats nothing', () => {
  const { said, lines, state, begin } = setUp({ quietMillis: MINUTE });
  begin('503');
  vi.advanceTimersByTime(SECOND);
  begin('502');
  lines.flush();
  expect(said).toEqual(['503', '502']);
  state.forget();
  vi.advanceTimersByTime(2 * HOUR);
  expect(said).toHaveLength(2);
});
