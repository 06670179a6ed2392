import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EXIT_WAITS } from '../../../../src/common/exit-waits.js';
import { FileJournal } from '../../../../src/delivery/spool/file/file-journal.js';
import { thisProcess } from '../../../../src/delivery/spool/file/take-over.js';
import { toLines } from '../../../../src/delivery/spool/hit-line.js';
import { JOURNAL_TIMES, type JournalEvents } from '../../../../src/delivery/spool/journal.js';
import { newInstanceName } from '../../../../src/delivery/spool/spool-description.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { filesIn, linesIn, temporaryFolder } from '../../../support/spool.js';

const EVENTS = {} as JournalEvents; // nothing of it happens

test('an append that is under way at exit goes on without the event loop, however large it is', async () => {
  const folder = temporaryFolder();
  const places = { folder, identity: thisProcess(), events: EVENTS };
  const options = { ...places, maxBytes: 1e9, hasToken: true, times: JOURNAL_TIMES };
  const journal = await FileJournal.create(options, newInstanceName());
  const hit: Hit = {
    site: 1,
    startSeconds: 1,
    kind: 'page',
    visitor: 'v',
    query: `?${'a'.repeat(1e3)}`,
  };
  const hits = Array.from({ length: 700 }, () => hit);
  const lines = toLines(hits).map((line) => ({ hit, line }));
  const appended = journal.append(lines, false);
  const hasBegun = () => filesIn(folder, '.hits').some((path) => statSync(path).size > 0);
  while (!hasBegun()) await setImmediate();
  const begunMillis = performance.now();
  expect(journal.appendAtExit(lines)).toBe(true);
  const isInTime = performance.now() - begunMillis < EXIT_WAITS.otherWriteMillis;
  // If the machine stood still, they are there twice.
  if (isInTime) expect(linesIn(folder)).toHaveLength(hits.length);
  await appended;
  expect(linesIn(folder).length).toBeGreaterThanOrEqual(hits.length);
  await journal.close();
});
