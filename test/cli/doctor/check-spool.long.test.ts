import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkSpool } from '../../../src/cli/doctor/check-spool.js';
import { MatomoSpanExporter } from '../../../src/index.js';
import { serverSpan } from '../../support/builders.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MIB = 1024 ** 2;

function check(spool: string, { url = 'http://a.test/matomo.php', maxSpoolBytes = MIB } = {}) {
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

test('a spool that a process is using stays as it is', async () => {
  const { inspector, wire } = await matomoOnWire();
  await wire.play({ kind: 'refuse' });
  const folder = temporaryFolder();
  const exporter = new MatomoSpanExporter({ url: wire.url, siteId: 1, spool: folder });
  onTestFinished(() => exporter.shutdown());
  exporter.export([serverSpan()], () => undefined);
  await eventually(() => linesIn(folder).length === 1);
  const before = readdirSync(folder);
  const hits = linesIn(folder);
  const found = expect.stringContaining('has 1 hit, ');
  const findings = await check(folder, { url: `${wire.url}/matomo.php` });
  expect(findings).toMatchObject([{ verdict: 'ok', found }]);
  // The process itself may begin another segment meanwhile.
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(before));
  expect(linesIn(folder)).toEqual(hits);
  await wire.play();
  await exporter.forceFlush();
  await eventually(() => inspector.hits().length === 1);
});

test('a spool in Redis is asked, and its password stays here', async () => {
  const redis = await startRedis();
  const spool = redis.url.replace('//', '//default:s3cret@');
  const found = (text: string) => ({ found: expect.stringContaining(text) });
  expect(await check(spool)).toMatchObject([{ verdict: 'ok', ...found('0 hits') }]);
  await redis.command('SET', 'matomo-spool:description', OTHER_MATOMO);
  expect(await check(spool)).toMatchObject([
    { verdict: 'warning', ...found('belongs to "http://x.test/matomo.php"') },
  ]);
  await redis.kill();
  const away = await check(spool);
  expect(away).toMatchObject([{ verdict: 'warning', ...NOT_USED, ...found('ECONNREFUSED') }]);
  expect(JSON.stringify(away)).not.toContain('s3cret');
});
