import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSpool } from '../../../src/cli/doctor/check-spool.js';
import { formatFindings } from '../../../src/cli/doctor.js';
import { openFolderSpool } from '../../contracts/doors/folder-store.js';
import { openRedisSpool } from '../../contracts/doors/redis-store.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MATOMO = 'http://a.test/matomo.php';
const NOT_USED = { verdict: 'warning', code: 'spool-not-used' };

const hitNamed = (name: string) => ({
  ...{ client: 'c', visitor: name },
  startSeconds: Date.now() / 1000,
  query: `?idsite=1&rec=1&e_a=${name}`,
  site: 1,
  kind: 'action' as const,
});

const check = (spool: string) => checkSpool({ spool, url: new URL(MATOMO) });
const found = (text: string | RegExp) => ({ found: expect.stringMatching(text) });

test('a spool that is not there yet is not made', async () => {
  const folder = join(temporaryFolder(), 'a/b');
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', ...found('spool') }]);
  expect(existsSync(folder)).toBe(false);
});

const OTHER_MATOMO = '{"url":"http://x.test/matomo.php"}';
const CHMOD = { advice: expect.stringContaining('chmod 700') };

test.each<[string, describedBy: string | number, object]>([
  ['is of another Matomo', OTHER_MATOMO, { ...NOT_USED, ...found('http://x.test/matomo.php') }],
  ['others could change', 0o777, { verdict: 'warning', code: 'spool-owner' }],
  // To enter, not to list.
  ['is open to others', 0o711, { verdict: 'warning', code: 'spool-owner', ...CHMOD }],
])('a spool that %s is found', async (_what, describedBy, expected) => {
  const folder = temporaryFolder();
  if (typeof describedBy === 'string') writeFileSync(join(folder, 'spool.json'), describedBy);
  else {
    requires('file modes');
    chmodSync(folder, describedBy);
  }
  expect((await check(folder)).at(-1)).toMatchObject(expected);
});

test('hits that are pending are counted, and stay as they are', async () => {
  const folder = temporaryFolder();
  const { spool } = await openFolderSpool({ place: folder, matomoUrl: MATOMO });
  await spool.put(['a', 'b', 'c'].map(hitNamed));
  const claim = await spool.claim(1);
  await claim?.done({ tracked: 1 }, claim.hits.slice(1));
  const files = () =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  const before = files();
  expect(await check(folder)).toMatchObject([{ verdict: 'ok', ...found('has 2 hits') }]);
  expect(files()).toEqual(before);
  await spool.close();
});

test('a spool in Redis is inspected, and its password stays here', async () => {
  const redis = await startRedis('--user', 'shop', 'on', '>s3cret', '~*', '+@all');
  await redis.command('ACL', 'SETUSER', 'default', '>other');
  const spool = redis.url.replace('//', '//shop:s3cret@');
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...found('0 hits') }]);
  const opened = await openRedisSpool({ place: spool, matomoUrl: MATOMO });
  await opened.spool.put([hitNamed('a')]);
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...found('has 1 hit') }]);
  await opened.spool.close();
  await redis.command('SET', 'matomo-spool:description', 'http://x.test/\u001b[2Jmatomo.php');
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
