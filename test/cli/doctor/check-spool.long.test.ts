import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSpool } from '../../../src/cli/doctor/check-spool.js';
import { formatFindings } from '../../../src/cli/doctor.js';
import { toLines } from '../../../src/delivery/hit-lines.js';
import { openFolderSpool } from '../../contracts/doors/folder-store.js';
import { openRedisSpool } from '../../contracts/doors/redis-store.js';
import { ROOT } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MINUTE = 60_000;
const MATOMO = 'http://a.test/matomo.php';
const NOT_USED = { verdict: 'warning', code: 'spool-not-used' };

const hitNamed = (name: string) => ({
  ...{ client: 'c', visitor: name },
  startSeconds: Date.now() / 1000,
  query: `?idsite=1&rec=1&e_a=${name}`,
  site: 1,
  kind: 'action' as const,
});

const check = (spool: string, maxSpoolBytes = 1024 ** 2) =>
  checkSpool({ spool, url: new URL(MATOMO), maxSpoolBytes });
const found = (text: string | RegExp) => ({ found: expect.stringMatching(text) });

test('a spool that is not there yet is not made', async () => {
  const folder = join(temporaryFolder(), 'a/b');
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', ...found('spool') }]);
  expect(existsSync(folder)).toBe(false);
});

const OTHER_MATOMO = '{"format":1,"url":"http://x.test/matomo.php"}';
const CHMOD = { advice: expect.stringContaining('chmod 700') };

test.each<[string, describedBy: string | number, object]>([
  ['is of another Matomo', OTHER_MATOMO, { ...NOT_USED, ...found('http://x.test/matomo.php') }],
  ['is of another version', '{"format":9}', NOT_USED],
  ['others could change', 0o777, { verdict: 'warning', code: 'spool-owner' }],
  // To enter, not to list.
  ['is open to others', 0o711, { verdict: 'warning', code: 'spool-open-to-others', ...CHMOD }],
])('a spool that %s is found', async (_what, describedBy, expected) => {
  const folder = temporaryFolder();
  if (typeof describedBy === 'string') writeFileSync(join(folder, 'spool.json'), describedBy);
  else {
    requires('file modes');
    chmodSync(folder, describedBy);
  }
  expect((await check(folder)).at(-1)).toMatchObject(expected);
});

test('a file can be no spool, and a disk with less room than the spool may take is found', async () => {
  expect(await check(join(ROOT, 'package.json'))).toMatchObject([NOT_USED]);
  const [, space] = await check(temporaryFolder(), 1024 ** 4);
  expect(space).toMatchObject({ verdict: 'warning', code: 'spool-space' });
});

test('hits that are pending are counted, with the age of the oldest, and stay as they are', async () => {
  const folder = temporaryFolder();
  const { spool } = await openFolderSpool({ place: folder, matomoUrl: MATOMO });
  await spool.put(['a', 'b', 'c'].map(hitNamed));
  const claim = await spool.claim(1);
  await claim?.done({ tracked: 1 }, claim.hits.slice(1));
  const files = () =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  const before = files();
  const text = /has 2 hits, 0\.0 MiB; the oldest has been pending for \d+ s$/;
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', ...found(text) }]);
  expect(files()).toEqual(before);
  await spool.close();
});

test.each([
  [3 * MINUTE, '3 min'],
  [30 * 60 * MINUTE, '30 h'],
  [6 * 24 * 60 * MINUTE, '6 days'],
])('hits that were stored %i ms ago are pending for %s', async (millis, age) => {
  const folder = temporaryFolder();
  const name = `${Date.now() - millis}-1f0e3dad-1.1-60.hits`;
  writeFileSync(join(folder, name), toLines([hitNamed('a')]));
  const text = `has 1 hit, .* pending for ${age}$`;
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', ...found(text) }]);
});

test('a spool in Redis is inspected, and its password stays here', async () => {
  const redis = await startRedis('--user', 'shop', 'on', '>s3cret', '~*', '+@all');
  await redis.command('ACL', 'SETUSER', 'default', '>other');
  const spool = redis.url.replace('//', '//shop:s3cret@');
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...found('0 hits') }]);
  const opened = await openRedisSpool({ place: spool, matomoUrl: MATOMO });
  await opened.spool.put([hitNamed('a')]);
  const pending = found(/has 1 hit, 0\.0 MiB; the oldest has been pending for /);
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...pending }]);
  await opened.spool.close();
  await redis.command('ACL', 'SETUSER', 'default', 'nopass');
  expect(await check(spool)).toMatchObject([
    { verdict: 'ok', ...found('has 1 hit') },
    { verdict: 'warning', code: 'spool-open-to-others', ...found('without a password') },
  ]);
  await redis.command('SET', 'matomo-spool:description', '1 http://x.test/\u001b[2Jmatomo.php');
  const foreign = await check(spool);
  expect(foreign).toMatchObject([{ ...NOT_USED, ...found('belongs to "http://x.test/') }]);
  expect(formatFindings(foreign)).not.toMatch(/[^\P{Cc}\n]/u);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  expect(await check(spool)).toMatchObject([{ ...NOT_USED, ...found('OOM') }]);
  await redis.kill();
  const away = await check(spool);
  expect(away).toMatchObject([{ ...NOT_USED, ...found('ECONNREFUSED') }]);
  expect(JSON.stringify(away)).not.toContain('s3cret');
});
