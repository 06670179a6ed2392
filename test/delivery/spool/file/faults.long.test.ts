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
import { eventually } from '../../../support/child-process.js';
import { answer, notSent, processed } from '../../../support/scripted-transport.js';
import { requires } from '../../../support/skips.js';
import { sorted } from '../../../support/sorted.js';
import {
  filesIn,
  linesIn,
  type SpooledDelivery,
  type SpoolSetUp,
  spooledDelivery,
  temporaryFolder,
} from '../../../support/spool.js';

/** A folder with hits that a process has left there. */
async function leftBehind(names: string[], options: Partial<SpoolSetUp> = {}): Promise<string> {
  const folder = temporaryFolder();
  const { delivery, transport, push } = spooledDelivery({ folder, ...options });
  transport.answer(notSent);
  push(...names);
  await delivery.shutdown(20_000);
  expect(linesIn(folder)).toHaveLength(names.length);
  return folder;
}

/** Puts a file in the place of a folder. All that is in the folder vanishes at once, as no `rmSync` can do it. */
function turnIntoFile(folder: string): void {
  requires('moving open files');
  renameSync(folder, `${folder}-before`);
  writeFileSync(folder, '');
}

const segment = (folder: string) => filesIn(folder, '.hits')[0] as string;

/** What another process makes of the folder, once it has sent something of its own. */
async function nextProcess(folder: string): Promise<SpooledDelivery> {
  const next = spooledDelivery({ folder });
  next.push('next');
  await eventually(() => next.sent().includes('next') && next.delivery.pending === 0);
  return next;
}

test('an unfinished last line is logged, and the lines before it are sent', async () => {
  const folder = await leftBehind(['a', 'b', 'c']);
  truncateSync(segment(folder), statSync(segment(folder)).size - 5);
  const { sent, law, logged, delivery } = await nextProcess(folder);
  expect(sorted(sent())).toEqual(['a', 'b', 'next']);
  expect(law()).toEqual([3, 3]);
  expect(logged).toEqual([
    expect.stringMatching(/took over 2 hits.*\[hits-taken-over\]$/),
    expect.stringContaining('[spool-damaged]'),
  ]);
  expect(delivery.takenOver).toBe(2);
  await eventually(() => filesIn(folder, '.hits').length === 0);
});

test('damaged lines, empty ones and garbage are skipped, and logged once', async () => {
  const folder = await leftBehind(['a', 'b', 'c']);
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
  const folder = await leftBehind(['a', 'b']);
  writeFileSync(segment(folder).replace(/hits$/, 'done'), '{"offset":\n0-\n9999999999999999-1\n');
  writeFileSync(segment(folder).replace('000001', '000002'), '');
  expect(sorted((await nextProcess(folder)).sent())).toEqual(['a', 'b', 'next']);
});

test('a journal that was begun under a clock before 2001 is sent and deleted', async () => {
  const folder = await leftBehind(['a', 'b']);
  const journal = dirname(segment(folder));
  const [, rest] = /^\d+(-.*)$/.exec(basename(journal)) ?? [];
  renameSync(journal, join(folder, `86400123${rest}`));
  const { sent, law } = await nextProcess(folder);
  expect(sorted(sent())).toEqual(['a', 'b', 'next']);
  expect(law()).toEqual([3, 3]);
  await eventually(() => filesIn(folder, '').every((path) => !path.includes('86400123')));
});

test('files and folders of others are left alone', async () => {
  const folder = await leftBehind(['a']);
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  writeFileSync(join(folder, 'other.hits'), 'mine');
  mkdirSync(join(folder, 'lost+found'));
  expect(sorted((await nextProcess(folder)).sent())).toEqual(['a', 'next']);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['notes.txt', 'other.hits', 'lost+found']),
  );
});

test.each([
  ['of another Matomo', { url: 'https://other.test/matomo.php' }, /belongs to .*matomo\.test/],
])('a folder %s is refused, and delivery goes on from memory', async (_of, options, reason) => {
  const folder = await leftBehind(['a']);
  const other = spooledDelivery({ folder, ...options });
  await eventually(() => other.logged.length > 0);
  expect(other.logged).toEqual([expect.stringMatching(reason)]);
  other.push('b');
  await eventually(() => other.delivery.counters.tracked === 1);
  expect(other.sent()).toEqual(['b']);
  expect(linesIn(folder)).toHaveLength(1);
});

test('a folder that cannot be created is logged, and hits are sent from memory', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const { delivery, push, logged, law } = spooledDelivery({ folder: join(file, 'spool') });
  await eventually(() => logged.length > 0);
  expect(logged).toEqual([expect.stringMatching(/ENOTDIR.*\[spool-not-used\]$/)]);
  push('a');
  await eventually(() => delivery.counters.tracked === 1);
  expect(law()).toEqual([1, 1]);
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
  const names = Array.from({ length: 300 }, (_, i) => `${i}${'-'.repeat(900)}`); // some chunks
  const folder = await leftBehind(names);
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
  expect(law()).toEqual([301, 301]);
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

test('hits older than maxSpoolAgeMillis are not sent, and counted as expired', async () => {
  const folder = await leftBehind(['a', 'b']);
  const leftMillis = Date.now();
  await eventually(() => Date.now() - leftMillis > 20);
  const { delivery, sent, law } = spooledDelivery({ folder, maxSpoolAgeMillis: 10 });
  await eventually(() => delivery.counters.lost.expired === 2);
  expect(sent()).toEqual([]);
  expect(law()).toEqual([2, 2]);
  await eventually(() => filesIn(folder, '.hits').length === 0);
});

test('hits also become too old while Matomo is unavailable, and their files are deleted', async () => {
  const folder = await leftBehind(['a', 'b', 'c', 'd']);
  const { delivery, transport, law } = spooledDelivery({
    folder,
    maxSpoolAgeMillis: 4000, // the first is sent before that
    maxExportBatchSize: 1,
  });
  transport.answer(answer(404));
  await eventually(() => delivery.counters.lost.expired === 4);
  expect(law()).toEqual([4, 4]);
  expect(delivery.pending).toBe(0);
  await eventually(() => filesIn(folder, '.hits').length === 0);
});

test('every hit is accounted for at every moment, whatever Matomo answers', async () => {
  const folder = temporaryFolder();
  const { delivery, transport, push, law } = spooledDelivery({
    folder,
    maxExportBatchSize: 7,
    scheduledDelayMillis: 20,
    maxBytes: 20_000,
  });
  const script = [processed(7), notSent, answer(500), answer(413), processed(7, 3), answer(504)];
  script.push(answer(302), answer(204), answer(503), answer(200, { tracked: 1, invalid: 0 }));
  for (let round = 0; round < 150; round++) {
    transport.answer(...script.slice(round % script.length), (sent) => processed(sent));
    push(...Array.from({ length: round % 9 }, (_, i) => `${round}-${i}`));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const [hits, known] = law();
    expect(known).toBe(hits);
  }
  transport.answer((sent) => processed(sent));
  await eventually(() => delivery.pending === 0);
  expect(law()).toEqual([law()[1], law()[1]]);
});
