import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { purgeSpool, readSpoolStatus } from '../../../src/delivery/spool/backends.js';
import type { PurgeFilter } from '../../../src/delivery/spool/hit-line.js';
import type { Hit } from '../../../src/hit/hit.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { notSent, processed } from '../../support/scripted-transport.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { filesIn, leaveHits, linesIn, spooledDelivery } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const nowSeconds = Math.floor(Date.now() / 1000);
const HITS: readonly Hit[] = [
  ['max@example.org', '?h=max&uid=max%40example.org&cid=0123456789abcdef', 7200],
  ['max@example.org', '?h=more&uid=max%40example.org', 10],
  ['max@example.org.uk', '?h=maxim&uid=max%40example.org.uk', 10],
  ['0123456789abcdef', '?h=visitor&cid=0123456789abcdef', 10],
  ['fedcba9876543210', '?h=other&cid=fedcba9876543210', 10],
].map(([visitor, query, ageSeconds]) => ({
  site: 1,
  kind: 'page',
  visitor: String(visitor),
  query: String(query),
  startSeconds: nowSeconds - Number(ageSeconds),
}));

/** Stores `HITS` by a process that ends. */
const fill = (folder?: string) => leaveHits(HITS, folder === undefined ? {} : { folder });

const user: PurgeFilter = { kind: 'user', id: 'max@example.org' };
const SELECTIONS: readonly [PurgeFilter, string[]][] = [
  [{ kind: 'all' }, []],
  [user, ['maxim', 'other', 'visitor']],
  [{ kind: 'visitor', id: '0123456789ABCDEF' }, ['maxim', 'more', 'other']],
  [{ kind: 'before', epochSeconds: nowSeconds - 60 }, ['maxim', 'more', 'other', 'visitor']],
];

test.each(
  SPOOL_PLACES.flatMap((place) =>
    SELECTIONS.map(([filter, left]) => [place[0], filter, left, place[1]] as const),
  ),
)('in %s, purging %j leaves the other hits, which are sent', async (_where, filter, left, open) => {
  const folder = await fill(await open());
  expect(await purgeSpool(folder, filter)).toBe(HITS.length - left.length);
  if (!folder.includes('://')) {
    expect(sorted(linesIn(folder).map((line) => /\?h=(\w+)/.exec(line)?.[1]))).toEqual(left);
    if (left.length === 0) expect(filesIn(folder, '.hits')).toEqual([]);
  }
  const { delivery, sent, logged } = spooledDelivery({ folder });
  await eventually(() => delivery.counters.tracked === left.length);
  await eventually(async () => (await readSpoolStatus(folder)).pending === 0);
  expect(sorted(sent())).toEqual(left);
  expect(logged.filter((line) => !line.includes('[hits-taken-over]'))).toEqual([]);
});

test.each(SPOOL_PLACES)('%s is not purged while a process uses it', async (_where, open) => {
  const folder = await open();
  const { delivery, transport, push } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a', 'b');
  await eventually(() => delivery.spooled === 2 && transport.bodies.length > 0);
  await expect(purgeSpool(folder, { kind: 'all' })).rejects.toThrow('a process ');
  transport.answer(processed);
  await eventually(() => delivery.counters.tracked === 2);
});

test('a link to the journal of another folder is not followed', async () => {
  requires('file owners');
  const [other, folder] = [await fill(), await fill()];
  const [file = ''] = filesIn(other, '.hits');
  symlinkSync(dirname(file), join(folder, '1700000000000-7-00000001'));
  expect(await readSpoolStatus(folder)).toMatchObject({ pending: HITS.length });
  expect(await purgeSpool(folder, { kind: 'all' })).toBe(HITS.length);
  expect(linesIn(other)).toHaveLength(HITS.length);
});

test('hits before and after a purged one in its segment keep their results', async () => {
  const folder = temporaryFolder();
  const first = spooledDelivery({ folder, maxExportBatchSize: 1 });
  first.transport.answer(processed, notSent);
  first.push('a', 'b&uid=max%40example.org', 'c');
  await eventually(() => first.delivery.counters.tracked === 1);
  await first.delivery.shutdown(0);
  expect(filesIn(folder, '.hits')).toHaveLength(1);
  expect(await purgeSpool(folder, user)).toBe(1);
  expect(linesIn(folder).join()).not.toContain('max%40example.org');
  const second = spooledDelivery({ folder });
  await eventually(() => second.delivery.counters.tracked === 1);
  expect(second.sent()).toEqual(['c']);
  expect(second.logged.filter((line) => !line.includes('[hits-taken-over]'))).toEqual([]);
});

test('a last line without its line feed counts as a hit if it is whole', async () => {
  const folder = await fill();
  const file = filesIn(folder, '.hits').at(-1) as string;
  const { size } = statSync(file);
  truncateSync(file, size - 1);
  expect((await readSpoolStatus(folder)).pending).toBe(HITS.length);
  expect(await purgeSpool(folder, { kind: 'all' })).toBe(HITS.length);
});

test('a folder without a spool is not touched', async () => {
  const folder = temporaryFolder();
  await expect(purgeSpool(folder, user)).rejects.toThrow('has no spool');
  expect(filesIn(folder, '')).toEqual([]);
});

test('the documented search finds the hits of a user ID', async () => {
  const folder = await fill();
  const page = readFileSync(join(ROOT, 'docs/what-is-in-the-spool.md'), 'utf8');
  const [documented = ''] = /^grep -rhF .*customer-17.*$/m.exec(page) ?? [];
  const command = documented
    .replace('customer-17', 'max@example.org')
    .replace('/var/spool/my-app-matomo', folder);
  const found = execFileSync('sh', ['-c', command]);
  expect(String(found).match(/\?h=\w+/g)).toEqual(['?h=max', '?h=more', '?h=maxim']);
});
