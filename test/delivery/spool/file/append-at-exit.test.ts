import { cpSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EXIT_WAITS } from '../../../../src/common/signals-and-exit.js';
import { FileJournal } from '../../../../src/delivery/spool/file/file-journal.js';
import { readLines } from '../../../../src/delivery/spool/file/hits-file.js';
import { thisProcess } from '../../../../src/delivery/spool/file/processes.js';
import { toLines } from '../../../../src/delivery/spool/hit-line.js';
import { JOURNAL_TIMES, newInstanceName } from '../../../../src/delivery/spool/journal.js';
import { SpoolReports } from '../../../../src/delivery/spool/spool-reports.js';
import type { Hit } from '../../../../src/hit/hit.js';
import { eventually } from '../../../support/child-process.js';
import { collectDiagnostics } from '../../../support/diagnostics.js';
import { notSent } from '../../../support/scripted-transport.js';
import { filesIn, linesIn, spooledDelivery } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

test('an append that is under way at exit goes on without the event loop, however large it is', async () => {
  const folder = temporaryFolder();
  const reports = new SpoolReports(folder, collectDiagnostics().diagnostics);
  const places = { folder, identity: thisProcess(), reports, onTakenOver: () => undefined };
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
  while (!hasBegun()) await nextTurn();
  const begunMillis = performance.now();
  expect(journal.appendAtExit(lines)).toBe(true);
  const isInTime = performance.now() - begunMillis < EXIT_WAITS.otherWriteMillis;
  // If the machine stood still, they are there twice.
  if (isInTime) expect(linesIn(folder)).toHaveLength(hits.length);
  await appended;
  expect(linesIn(folder).length).toBeGreaterThanOrEqual(hits.length);
  await journal.close();
});

test('at exit, hits that could not be stored before are stored', async () => {
  const folder = temporaryFolder();
  const { delivery, transport, push, logged, law } = spooledDelivery({ folder });
  transport.answer(notSent);
  const [alive = ''] = await eventually(() => {
    const found = filesIn(folder, 'alive');
    return found.length > 0 && found;
  });
  mkdirSync(join(dirname(alive), '000001.hits'));
  push('a', 'b');
  await eventually(() => logged.join().includes('[spool-not-written]'));
  await eventually(() => transport.bodies.length > 0); // they are in a batch
  delivery.keepsForExit = true;
  delivery.finish();
  expect(delivery.counters.lost.shutdown).toBe(0);
  expect(linesIn(folder)).toHaveLength(2);
  expect(law()).toEqual([2, 2]);
});

test('hits that Matomo has tracked directly before the exit are not sent by the next process', async () => {
  const folder = temporaryFolder();
  const atExit = temporaryFolder();
  const { delivery, push } = spooledDelivery({
    folder,
    onTracked() {
      delivery.finish();
      cpSync(folder, atExit, { recursive: true });
    },
  });
  push('a', 'b');
  await eventually(() => filesIn(atExit, '.hits').length > 0);
  const lines = await Promise.all(filesIn(atExit, '.hits').map((path) => readLines(path)));
  expect(lines.flat().map(({ state }) => state)).toEqual(['decided', 'decided']);
});

test.each([true, false])(
  'hits that come while a shutdown stores the last ones are stored, too, if there are others: %s',
  async (areOthers) => {
    const folder = temporaryFolder();
    const { delivery, transport, push } = spooledDelivery({ folder });
    transport.answer(notSent);
    Object.assign(transport, {
      close: async () => void setImmediate(() => push('late', 'latest')),
    });
    delivery.keepsForExit = true;
    if (areOthers) push('early');
    await delivery.shutdown(20_000);
    expect(delivery.counters.lost.shutdown).toBe(0);
    expect(linesIn(folder)).toHaveLength(areOthers ? 3 : 2);
    expect(filesIn(folder, 'ended')).toHaveLength(1);
  },
);
