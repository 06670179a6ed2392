import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSpool } from '../../../src/cli/doctor/check-spool.js';
import { formatFindings } from '../../../src/cli/doctor.js';
import { toLines } from '../../../src/delivery/spool/hit-line.js';
import { openFolderSpool } from '../../contracts/doors/folder-store.js';
import { openRedisSpool } from '../../contracts/doors/redis-store.js';
import { ROOT } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MIB = 1024 ** 2;
const MINUTE = 60_000;
const MATOMO = 'http://a.test/matomo.php';

const hitNamed = (name: string) => ({
  visitor: name,
  startSeconds: Date.now() / 1000,
  query: `?idsite=1&rec=1&e_a=${name}`,
  site: 1,
  kind: 'action' as const,
});

const filesOf = (folder: string) =>
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);

function check(spool: string, { url = MATOMO, maxSpoolBytes = MIB } = {}) {
  return checkSpool({ spool, url: new URL(url), maxSpoolBytes });
}

test('a spool that is not there yet is not made', async () => {
  const folder = join(temporaryFolder(), 'a/b');
  const found = expect.stringContaining('spool');
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', found }]);
  expect(existsSync(folder)).toBe(false);
});

const NOT_USED = { code: 'spool-not-used' };
const OTHER_MATOMO = '{"format":1,"url":"http://x.test/matomo.php"}';

test.each<[string, (folder: string) => void, object]>([
  [
    'is of another Matomo',
    (folder) => writeFileSync(join(folder, 'spool.json'), OTHER_MATOMO),
    { ...NOT_USED, found: expect.stringContaining('http://x.test/matomo.php') },
  ],
  [
    'is of another version',
    (folder) => writeFileSync(join(folder, 'spool.json'), '{"format":9}'),
    NOT_USED,
  ],
  [
    'others could change',
    (folder) => {
      requires('file modes');
      chmodSync(folder, 0o777);
    },
    { code: 'spool-owner' },
  ],
  [
    'is open to others',
    (folder) => {
      requires('file modes');
      chmodSync(folder, 0o711); // to enter, not to list
    },
    { code: 'spool-open-to-others', advice: expect.stringContaining('chmod 700') },
  ],
])('a spool that %s is found', async (_what, spoil, expected) => {
  const folder = temporaryFolder();
  spoil(folder);
  expect((await check(folder)).at(-1)).toMatchObject({ verdict: 'warning', ...expected });
});

test('a file can be no spool, and a disk with less room than the spool may take is found', async () => {
  const file = await check(join(ROOT, 'package.json'));
  expect(file).toMatchObject([{ verdict: 'warning', ...NOT_USED }]);
  const [, space] = await check(temporaryFolder(), { maxSpoolBytes: 1024 ** 4 });
  expect(space).toMatchObject({ verdict: 'warning', code: 'spool-space' });
});

test('hits that are pending are counted, with the age of the oldest, and stay as they are', async () => {
  const folder = temporaryFolder();
  const { spool } = openFolderSpool({ place: folder, matomoUrl: MATOMO });
  await spool.store(['a', 'b'].map(hitNamed));
  const found = expect.stringMatching(
    /has 2 hits, 0\.0 MiB; the oldest has been pending for \d+ s$/,
  );
  const before = filesOf(folder);
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', found }]);
  expect(filesOf(folder)).toEqual(before);
  await spool.close();
});

test.each([
  [3 * MINUTE, '3 min'],
  [30 * 60 * MINUTE, '30 h'],
  [6 * 24 * 60 * MINUTE, '6 days'],
])('hits that were stored %i ms ago are pending for %s', async (millis, age) => {
  const folder = temporaryFolder();
  const name = `0-${Date.now() - millis}-1f0e3dad-1.0-1.hits`;
  writeFileSync(join(folder, name), toLines([hitNamed('a')]));
  const found = expect.stringMatching(`has 1 hit, .* pending for ${age}$`);
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', found }]);
});

test('a spool in Redis is inspected, and its password stays here', async () => {
  const redis = await startRedis('--user', 'shop', 'on', '>s3cret', '~*', '+@all');
  await redis.command('ACL', 'SETUSER', 'default', '>other');
  const spool = redis.url.replace('//', '//shop:s3cret@');
  const found = (text: string) => ({ found: expect.stringContaining(text) });
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...found('0 hits') }]);
  const opened = await openRedisSpool({ place: spool, matomoUrl: MATOMO });
  await opened.spool.store([hitNamed('a')]);
  expect(await check(spool)).toMatchObject([
    { verdict: 'ok', ...found('has 1 hit, 0.0 MiB; the oldest has been pending for ') },
  ]);
  await opened.spool.close();
  await redis.command('ACL', 'SETUSER', 'default', 'nopass');
  expect(await check(spool)).toMatchObject([
    { verdict: 'ok', ...found('has 1 hit') },
    { verdict: 'warning', code: 'spool-open-to-others', ...found('without a password') },
  ]);
  await redis.command('SET', 'matomo-spool:description', '2 http://x.test/\u001b[2Jmatomo.php');
  const foreign = await check(spool);
  expect(foreign).toMatchObject([{ verdict: 'warning', ...found('belongs to "http://x.test/') }]);
  expect(formatFindings(foreign)).not.toMatch(/[^\P{Cc}\n]/u);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  const full = await check(spool);
  expect(full).toMatchObject([{ verdict: 'warning', ...NOT_USED, ...found('OOM') }]);
  await redis.kill();
  const away = await check(spool);
  expect(away).toMatchObject([{ verdict: 'warning', ...NOT_USED, ...found('ECONNREFUSED') }]);
  expect(JSON.stringify(away)).not.toContain('s3cret');
});
