import { expect, onTestFinished, test, vi } from 'vitest';
import { LastingState } from '../../src/common/lasting-state.js';
import { diagnosticsTo } from '../support/diagnostics.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function setUp() {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => void vi.useRealTimers());
  const said: string[] = [];
  const state = new LastingState(
    diagnosticsTo((line) => void said.push(line)),
    { key: 'outage', ended: () => 'over', repeated: (since) => `since ${since}` },
  );
  return { said, state, begin: (cause: string) => state.begin(cause, () => cause) };
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
  expect(said).toEqual(['refused', '503 (suppressed 5 times)']);
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
