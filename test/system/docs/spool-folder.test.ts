import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseName } from '../../../src/delivery/spool/folder-names.js';
import { openFolderSpool } from '../../contracts/doors/folder-store.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { hit, runShell, shellOf, visitorsIn } from './commands.js';
import { read } from './pages.js';

const PAGE = 'docs/spool.md';
const PLACE = '/var/spool/my-app-matomo';

const commandsOf = (heading: string, block = 0) => shellOf(PAGE, heading)[block] ?? '';

const run = (commands: string, folder: string) =>
  runShell(commands.replaceAll(PLACE, folder), { cwd: folder });

const hitsFiles = (folder: string) => readdirSync(folder).filter((name) => parseName(name));

test('the names of the page are those that processes give', () => {
  const [, listed = ''] = /```text\n\$ ls [^\n]*\n(.*?)```/s.exec(read(PAGE)) ?? [];
  const names = listed.split('\n').filter((name) => /^\d/.test(name));
  expect(names.map((name) => parseName(name))).toMatchObject([
    { state: 'sending', done: 200, until: 300, lines: 350, sender: '9c5a0b11' },
    { state: 'hits', done: 0, lines: 1000 },
    { state: 'part', writer: '1f0e3dad', needsToken: true, millis: 1_795_176_000_123 },
    { state: 'hits', failures: 2 },
  ]);
});

test('the commands count and print lines that are pending, of files in any state', async () => {
  const folder = temporaryFolder();
  const [first, second] = [openFolderSpool({ place: folder }), openFolderSpool({ place: folder })];
  await first.spool.store([hit('done'), hit('a', 1_795_170_000), hit('customer-17')]);
  await (await first.spool.claim(1, 0))?.done({ tracked: 1 });
  const sending = await first.spool.claim(1, 0);
  await second.spool.store([hit('b'), hit('c')]);
  expect(sorted(hitsFiles(folder).map((name) => parseName(name)?.state))).toEqual([
    'part',
    'sending',
  ]);
  const [count = '', oldest, ...others] = await run(
    commandsOf('How do I count and read hits?'),
    folder,
  );
  expect([count.trim(), oldest]).toEqual(['4', '1795170000']);
  expect(sorted(others.slice(0, 4))).toEqual(
    ['a', 'b', 'c', 'customer-17'].map((visitor) => hit(visitor).query),
  );
  expect(others.slice(4)).toEqual([expect.stringMatching(/ 1 customer-17 \?.*uid=customer-17$/)]);
  await sending?.done({ tracked: 1 });
});

const DELETE = 'How do I delete hits?';

test('files are deleted while processes use them, all or old ones', async () => {
  const folder = temporaryFolder();
  const process = openFolderSpool({ place: folder });
  await process.spool.store([hit('old')]);
  await process.spool.claim(1, 0);
  const [name = ''] = hitsFiles(folder);
  renameSync(join(folder, name), join(folder, '0-1795175999999-1f0e3dad-1-token.0-1.hits'));
  const another = openFolderSpool({ place: folder });
  await another.spool.store([hit('new')]);
  const [enter = '', old = '', all = ''] = commandsOf(DELETE).split('\n');
  await run(`${enter}\n${old}`, folder);
  expect(hitsFiles(folder).map((left) => parseName(left)?.state)).toEqual(['part']);
  await run(`${enter}\n${all}`, folder);
  expect(readdirSync(folder)).toEqual(['spool.json']);
  await another.spool.store([hit('newest')]);
  expect(await visitorsIn(openFolderSpool({ place: folder }).spool)).toEqual([]); // of a living process
  expect(await visitorsIn(another.spool)).toEqual(['newest']);
  expect(another.lines).toEqual([]);
});

test('the hits of one person are overwritten, and count as lost', async () => {
  const folder = temporaryFolder();
  const first = openFolderSpool({ place: folder });
  const visitors = ['ada@example.org', 'ada@example.org.uk', 'bob', 'ada@example.org'];
  await first.spool.store(visitors.map((visitor) => hit(visitor)));
  await (await first.spool.claim(1, 0))?.done({ tracked: 1 });
  await first.spool.close();
  const [search = ''] = /grep ada\S*(?=`)/.exec(read('docs/privacy.md')) ?? [];
  expect(sorted(await run(`${search} -hr . | grep -o 'uid=.*'`, folder))).toEqual([
    'uid=ada%40example.org',
    'uid=ada%40example.org',
    'uid=ada%40example.org.uk',
  ]);
  await run(commandsOf(DELETE, 1), folder);
  expect(readdirSync(folder)).toHaveLength(2);
  const next = openFolderSpool({ place: folder });
  expect(await visitorsIn(next.spool)).toEqual(['ada@example.org.uk', 'bob']);
  expect([next.counts.lost.spool, next.codes()]).toEqual([1, ['spool-damaged']]);
});

test('hits are moved to a spool whose processes run', async () => {
  const [folder, other] = [temporaryFolder(), join(temporaryFolder(), 'other')];
  mkdirSync(other);
  const running = openFolderSpool({ place: other });
  const first = openFolderSpool({ place: folder });
  await first.spool.store([hit('a'), hit('b')]);
  await first.spool.close();
  await run(commandsOf('How do I move hits?').replace('/var/spool/other-matomo', other), folder);
  expect(hitsFiles(folder)).toEqual([]);
  await expect.poll(() => visitorsIn(running.spool)).toEqual(['a', 'b']);
});
