import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../../src/index.js';
import { serverSpan } from '../../support/builders.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { runChecks } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { linesIn, temporaryFolder } from '../../support/spool.js';

test('a spool that is not there yet is not made', async () => {
  const { env } = await matomoOnWire();
  const folder = join(temporaryFolder(), 'a/b');
  const { code, about } = await runChecks({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool')).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('spool') },
  ]);
  expect(existsSync(folder)).toBe(false);
  expect(code).toBe(0);
});

test.each<[string, (folder: string) => void, object]>([
  [
    'is of another Matomo',
    (folder) =>
      writeFileSync(join(folder, 'spool.json'), '{"format":1,"url":"http://x.test/matomo.php"}'),
    { code: 'spool-not-used', found: expect.stringContaining('http://x.test/matomo.php') },
  ],
  [
    'is of another version',
    (folder) => writeFileSync(join(folder, 'spool.json'), '{"format":9}'),
    { code: 'spool-not-used' },
  ],
  [
    'is open to others',
    (folder) => {
      requires('file modes');
      chmodSync(folder, 0o711); // to enter, not to list
    },
    {
      code: 'spool-open-to-others',
      advice: expect.stringContaining('chmod 700'),
    },
  ],
])('a spool that %s is found', async (_what, spoil, expected) => {
  const { env } = await matomoOnWire();
  const folder = temporaryFolder();
  spoil(folder);
  const { code, about } = await runChecks({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool').at(-1)).toMatchObject({ verdict: 'warning', ...expected });
  expect(code).toBe(0);
});

test('a file can be no spool', async () => {
  const { env } = await matomoOnWire();
  const { code, about } = await runChecks({ ...env, MATOMO_SPOOL: join(ROOT, 'package.json') });
  expect(about('spool')).toMatchObject([{ verdict: 'warning', code: 'spool-not-used' }]);
  expect(code).toBe(0);
});

test('a disk with less room than the spool may take is found', async () => {
  const { env } = await matomoOnWire();
  const { about } = await runChecks({
    ...env,
    MATOMO_SPOOL: temporaryFolder(),
    MATOMO_MAX_SPOOL_BYTES: String(1024 ** 4),
  });
  expect(about('spool').at(-1)).toMatchObject({ verdict: 'warning', code: 'spool-space' });
});

test('a spool that a process is using stays as it is', async () => {
  const { inspector, wire, env } = await matomoOnWire();
  await wire.play({ kind: 'refuse' });
  const folder = temporaryFolder();
  const exporter = new MatomoSpanExporter({ url: wire.url, siteId: 1, spool: folder });
  onTestFinished(() => exporter.shutdown());
  exporter.export([serverSpan()], () => undefined);
  await eventually(() => linesIn(folder).length === 1);
  const before = readdirSync(folder);
  const hits = linesIn(folder);
  const { about } = await runChecks({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool')).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('has 1 hit, ') },
  ]);
  // The process itself may begin another segment meanwhile.
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(before));
  expect(linesIn(folder)).toEqual(hits);
  await wire.play();
  await exporter.forceFlush();
  await eventually(() => inspector.hits().length === 1);
});

test('a spool in Redis is asked, and its password stays here', async () => {
  const { env } = await matomoOnWire();
  const redis = await startRedis();
  const spool = redis.url.replace('//', '//default:s3cret@');
  const found = async () => (await runChecks({ ...env, MATOMO_SPOOL: spool })).about('spool');
  expect(await found()).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('0 hits') },
  ]);
  const description = '{"format":1,"url":"http://x.test/matomo.php"}';
  await redis.command('SET', 'matomo-spool:description', description);
  expect(await found()).toMatchObject([
    { verdict: 'warning', found: expect.stringContaining('belongs to http://x.test/matomo.php') },
  ]);
  await redis.kill();
  const away = await found();
  expect(away).toMatchObject([
    { verdict: 'warning', code: 'spool-not-used', found: expect.stringContaining('ECONNREFUSED') },
  ]);
  expect(JSON.stringify(away)).not.toContain('s3cret');
});
