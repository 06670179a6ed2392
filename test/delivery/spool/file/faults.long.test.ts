import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { MAX_READ_HITS } from '../../../../src/delivery/spool/journal.js';
import { eventually } from '../../../support/child-process.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { requires } from '../../../support/skips.js';
import { sorted } from '../../../support/sorted.js';
import {
  filesIn,
  leaveHits,
  linesIn,
  nextProcess,
  spooledDelivery,
} from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** Puts a file in the place of a folder. All that is in the folder vanishes at once, as no `rmSync` can do it. */
function turnIntoFile(folder: string): void {
  requires('moving open files');
  renameSync(folder, `${folder}-before`);
  writeFileSync(folder, '');
}

const segment = (folder: string) => filesIn(folder, '.hits')[0] as string;

test('an unfinished last line is logged, and the lines before it are sent', async () => {
  const folder = await leaveHits(['a', 'b', 'c']);
  truncateSync(segment(folder), statSync(segment(folder)).size - 5);
  const { sent, law, logged, delivery } = await nextProcess(folder);
  expect(sorted(sent())).toEqual(['a', 'b', 'next']);
  expect(law()).toEqual([3, 3]);
  expect(sorted(logged)).toEqual([
    expect.stringContaining('[spool-damaged]'),
    expect.stringMatching(/took over 2 hits.*\[hits-taken-over\]$/),
  ]);
  expect(delivery.takenOver).toBe(2);
  await eventually(() => filesIn(folder, '.hits').length === 0);
});

test('damaged lines, empty ones and garbage are skipped, and logged once', async () => {
  const folder = await leaveHits(['a', 'b', 'c']);
  const text = readFileSync(segment(folder), 'latin1');
  const [first = '', second = '', third = ''] = text.split('\n');
  const garbage = Buffer.alloc(3_000_000, 0xff).toString('latin1');
  const lines = [first, second.replace('?h=b', '?h=x'), '', garbage, 'hello', '\0\0\0', third, ''];
  writeFileSync(segment(folder), lines.join('\n'), 'latin1');
  const { sent, law, logged } = await nextProcess(folder);
  expect(sorted(sent())).toEqual(['a', 'c', 'next']);
  expect(law()).toEqual([7, 7]); // each line with a line feed is taken for a hit until it is read
  expect(logged.filter((line) => line.includes('[spool-damaged]'))).toHaveLength(1);
});

test('an empty file, and results that cannot be read, harm nobody', async () => {
  const folder = await leaveHits(['a', 'b']);
  writeFileSync(segment(folder).replace(/hits$/, 'done'), '{"offset":\n0-\n9999999999999999-1\n');
  writeFileSync(segment(folder).replace('000001', '000002'), '');
  expect(sorted((await nextProcess(folder)).sent())).toEqual(['a', 'b', 'next']);
});

test('a journal that was begun under a clock before 2001 is sent and deleted', async () => {
  const folder = await leaveHits(['a', 'b']);
  const journal = dirname(segment(folder));
  const [, rest] = /^\d+(-.*)$/.exec(basename(journal)) ?? [];
  renameSync(journal, join(folder, `86400123${rest}`));
  const { sent, law } = await nextProcess(folder);
  expect(sorted(sent())).toEqual(['a', 'b', 'next']);
  expect(law()).toEqual([3, 3]);
  await eventually(() => filesIn(folder, '').every((path) => !path.includes('86400123')));
});

test('files and folders of others are left alone', async () => {
  const folder = await leaveHits(['a']);
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  writeFileSync(join(folder, 'other.hits'), 'mine');
  mkdirSync(join(folder, 'lost+found'));
  expect(sorted((await nextProcess(folder)).sent())).toEqual(['a', 'next']);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['notes.txt', 'other.hits', 'lost+found']),
  );
});

test('a folder that turns into a file: hits leave from memory, and none is lost', async () => {
  const folder = join(temporaryFolder(), 'spool');
  const { delivery, push, law, logged } = spooledDelivery({ folder });
  push('a');
  await eventually(() => delivery.counters.tracked === 1);
  turnIntoFile(folder);
  await eventually(() => logged.some((line) => line.includes('[spool-not-used]')));
  push('b', 'c');
  await eventually(() => delivery.pending === 0);
  expect(delivery.counters).toMatchObject({ tracked: 3 });
  expect(law()).toEqual([3, 3]);
});

test('hits in a file that somebody has deleted are sent if they were read before, else lost and counted', async () => {
  const names = Array.from({ length: 2 * MAX_READ_HITS }, (_, i) => String(i));
  const folder = await leaveHits(names);
  const { delivery, transport, push, law, sent } = spooledDelivery({ folder });
  transport.answer(notSent);
  await eventually(() => transport.bodies.length > 0);
  for (const path of filesIn(folder, '.hits')) rmSync(path);
  transport.answer(processed);
  await eventually(() => delivery.counters.lost.spool > 0 && delivery.pending === 0);
  expect(delivery.counters.tracked).toBeGreaterThan(0);
  push('next');
  await eventually(() => sent().includes('next'));
  await eventually(() => delivery.pending === 0);
  const hits = names.length + 1;
  expect(law()).toEqual([hits, hits]);
});

test('beyond maxSpoolBytes hits stay in memory, and are lost only if that is full', async () => {
  const folder = temporaryFolder();
  const options = { folder, maxBytes: 200, maxQueueSize: 6 };
  const { delivery, transport, push, law, logged, sent } = spooledDelivery(options);
  transport.answer(notSent);
  push('a', 'b', 'c', 'd', 'e', 'f');
  await eventually(() => logged.some((line) => line.includes('maxSpoolBytes')));
  const stored = linesIn(folder).map((line) => line.split('?h=')[1]);
  expect(stored).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, stored.length));
  expect(delivery).toMatchObject({ pending: 6, counters: { lost: { spool: 0, queue_full: 0 } } });
  push('g', 'h', 'i', 'j', 'k', 'l');
  expect(delivery.counters.lost.queue_full).toBeGreaterThan(0);
  expect(law()).toEqual([12, 12]);
  transport.answer(processed);
  await eventually(() => delivery.pending === 0);
  expect(new Set(sent())).toEqual(expect.objectContaining(new Set(['a', 'b', 'c', 'd', 'e', 'f'])));
  expect(law()).toEqual([12, 12]);
});

test('a folder that has reached maxSpoolBytes takes hits again once those in it are sent', async () => {
  const { delivery, transport, push, law, logged } = spooledDelivery({
    folder: temporaryFolder(),
    maxBytes: 400,
  });
  transport.answer(notSent);
  push(...'abcdefghijklm');
  await eventually(() => logged.some((line) => line.includes('maxSpoolBytes')));
  transport.answer(processed);
  await eventually(() => delivery.counters.tracked === 13);
  transport.answer(notSent);
  await eventually(() => {
    push('again');
    return delivery.spooled > 0;
  });
  const [made, known] = law();
  expect(made).toBe(known);
});
