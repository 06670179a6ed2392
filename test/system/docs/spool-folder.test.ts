import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFolderSpool, parseName } from '../../contracts/doors/folder-store.js';
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
    { state: 'sending', hits: 100, bytes: 48_123, sinceMillis: 1_795_176_005_123 },
    { state: 'hits', hits: 100 },
    { state: 'part', writer: '1f0e3dad', needsToken: true, millis: 1_795_176_000_123, hits: 35 },
    { state: 'hits', needsToken: false },
  ]);
});

test('the commands count and print lines that are pending, of files in any state', async () => {
  const folder = temporaryFolder();
  const first = await openFolderSpool({ place: folder });
  const second = await openFolderSpool({ place: folder });
  const hourAgo = Math.floor(Date.now() / 1000) - 3_600;
  await first.spool.put([hit('a', hourAgo), hit('customer-17')]);
  const sending = await first.spool.claim(1);
  await second.spool.put([hit('b'), hit('c')]);
  const states = hitsFiles(folder).map((name) => parseName(name)?.state);
  expect(sorted(states)).toEqual(['part', 'sending']);
  const commands = commandsOf('How do I count and read hits?');
  const [count = '', oldest, ...others] = await run(commands, folder);
  expect([count.trim(), oldest]).toEqual(['4', String(hourAgo)]);
  expect(sorted(others.slice(0, 4))).toEqual(
    ['a', 'b', 'c', 'customer-17'].map((visitor) => hit(visitor).query),
  );
  expect(others.slice(4)).toEqual([
    expect.stringMatching(/ 1 - c customer-17 \?.*uid=customer-17$/),
  ]);
  await sending?.done({ tracked: 2 }, []);
});

const DELETE = 'How do I delete hits?';

test('files are deleted while processes use them, all or old ones', async () => {
  const folder = temporaryFolder();
  const process = await openFolderSpool({ place: folder });
  await process.spool.put([hit('old')]);
  await process.spool.claim(1);
  const [name = ''] = hitsFiles(folder);
  renameSync(join(folder, name), join(folder, '1795175999999-1f0e3dad-1-token.1-30.hits'));
  const another = await openFolderSpool({ place: folder });
  await another.spool.put([hit('new')]);
  const [enter = '', old = '', all = ''] = commandsOf(DELETE).split('\n');
  await run(`${enter}\n${old}`, folder);
  expect(hitsFiles(folder).map((left) => parseName(left)?.state)).toEqual(['part']);
  await run(`${enter}\n${all}`, folder);
  expect(readdirSync(folder)).toEqual(['spool.json']);
  await another.spool.put([hit('newest')]);
  expect(await visitorsIn((await openFolderSpool({ place: folder })).spool)).toEqual([]); // of a living process
  expect(await visitorsIn(another.spool)).toEqual(['newest']);
  expect(another.lines).toEqual([]);
});

test('the hits of one person are overwritten, and count as lost', async () => {
  const folder = temporaryFolder();
  const first = await openFolderSpool({ place: folder });
  const visitors = ['ada@example.org', 'ada@example.org.uk', 'bob', 'ada@example.org'];
  await first.spool.put(visitors.map((visitor) => hit(visitor)));
  await first.spool.close();
  const [search = ''] = /grep ada\S*(?=`)/.exec(read('docs/privacy.md')) ?? [];
  expect(sorted(await run(`${search} -hr . | grep -o 'uid=.*'`, folder))).toEqual([
    'uid=ada%40example.org',
    'uid=ada%40example.org',
    'uid=ada%40example.org.uk',
  ]);
  await run(commandsOf(DELETE, 1), folder);
  expect(readdirSync(folder)).toHaveLength(2);
  const next = await openFolderSpool({ place: folder });
  expect(await visitorsIn(next.spool)).toEqual(['ada@example.org.uk', 'bob']);
  expect([next.counts.lost.spool, next.codes()]).toEqual([2, ['spool-damaged']]);
});
