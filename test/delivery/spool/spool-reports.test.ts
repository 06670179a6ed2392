import { expect, test, vi } from 'vitest';
import { SpoolReports } from '../../../src/delivery/spool/spool-reports.js';
import { useFakeTime } from '../../support/delivery.js';
import { diagnosticsTo } from '../../support/diagnostics.js';

useFakeTime();

test('a spool that cannot be read is in the log each time, and when it can be read again', () => {
  const logged: string[] = [];
  const reports = new SpoolReports(
    'spool',
    diagnosticsTo((line) => void logged.push(line)),
  );
  const error = Object.assign(new Error('no access'), { code: 'EACCES' });
  for (let time = 0; time < 2; time++) {
    for (let second = 0; second < 700; second += 5) {
      reports.unreadable.begin(error);
      vi.advanceTimersByTime(5000);
    }
    vi.advanceTimersByTime(120_000);
  }
  const once = [
    expect.stringMatching(/\(EACCES\).*\[spool-not-read\]$/),
    expect.stringMatching(/ since 2026-11-20T12:.*\(EACCES\).*\[spool-not-read\]$/),
    expect.stringMatching(/\[spool-read-again\]$/),
  ];
  expect(logged).toEqual([...once, ...once]);
  reports.unreadable.begin(error);
  reports.close();
  expect(vi.getTimerCount()).toBe(0);
});
