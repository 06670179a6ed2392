// What doctor finds on this machine, without Matomo.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../../src/index.js';
import { finishedSpan } from '../../support/builders.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { matomoOnWire, runDoctor } from '../../support/doctor.js';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { linesIn } from '../../support/spool.js';

const API = '@opentelemetry/api';
const OTHERWISE = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };

test.each<[Record<string, string>, object]>([
  [
    {},
    {
      verdict: 'problem',
      code: 'options-missing',
      found: expect.stringMatching(/MATOMO_URL.*MATOMO_SITE_ID/),
    },
  ],
  [
    { MATOMO_URL: 'matomo.test', MATOMO_SITE_ID: '1' },
    { verdict: 'warning', code: 'environment-wrong' },
  ],
  [
    { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITEID: '1' },
    { verdict: 'problem', code: 'options-missing' },
  ],
  [
    { ...OTHERWISE, MATOMO_ENABLED: 'false' },
    { verdict: 'problem', code: 'switched-off' },
  ],
  [
    { ...OTHERWISE, OTEL_SDK_DISABLED: 'true' },
    { verdict: 'problem', code: 'switched-off' },
  ],
  [
    { ...OTHERWISE, MATOMO_DRY_RUN: '1' },
    { verdict: 'problem', code: 'dry-run' },
  ],
  [
    { ...OTHERWISE, MATOMO_QUERRY: 'strip' },
    {
      verdict: 'problem',
      code: 'privacy-option-invalid',
      found: expect.stringContaining('MATOMO_QUERRY is unknown (did you mean MATOMO_QUERY?)'),
    },
  ],
  [
    { ...OTHERWISE, MATOMO_ENABLED: 'no' },
    { verdict: 'problem', code: 'privacy-option-invalid' },
  ],
  [
    { ...OTHERWISE, MATOMO_TRACK_BOT: 'false' },
    {
      verdict: 'warning',
      code: 'environment-unknown',
      advice: expect.stringContaining('MATOMO_TRACK_BOTS'),
    },
  ],
  [
    { ...OTHERWISE, MATOMO_MAX_QUEUE_SIZE: 'x' },
    { verdict: 'warning', code: 'environment-wrong' },
  ],
  [
    { ...OTHERWISE, MATOMO_TOKEN_AUTH_FILE: '/nowhere' },
    { verdict: 'warning', code: 'token-file' },
  ],
])('an environment of %o', async (env, expected) => {
  const { code, about } = await runDoctor(env);
  expect(about('options')[0]).toMatchObject(expected);
  expect(code).toBe(1);
});

test('a misspelled variable is one finding, whichever option it is of', async () => {
  const env = { ...OTHERWISE, MATOMO_QUERRY: 'strip', MATOMO_SITEID: '1', PIWIK_URL: 'x' };
  const { about } = await runDoctor(env);
  expect(about('options').map(({ code, found }) => [code, found.split(' ', 1)[0]])).toEqual([
    ['privacy-option-invalid', 'MATOMO_QUERRY'],
    ['environment-unknown', 'MATOMO_SITEID'],
  ]);
});

test('a name with an underscore too few is told', async () => {
  const { about } = await runDoctor({ MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITEID: '1' });
  expect(about('options').at(-1)).toMatchObject({
    code: 'environment-unknown',
    advice: expect.stringContaining('MATOMO_SITE_ID'),
  });
});

function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'matomo-doctor-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function install(folder: string, name: string, version: string, needs: string[] = []): string {
  const place = join(folder, 'node_modules', name);
  mkdirSync(place, { recursive: true });
  const dependencies = Object.fromEntries(needs.map((need) => [need, '*']));
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version, dependencies }));
  return place;
}

test.each<[string, string, object, number]>([
  ['@opentelemetry/sdk-node', '1.8.0', { verdict: 'problem', code: 'api-copies' }, 1],
  ['some-library', '1.8.0', { verdict: 'warning', code: 'api-copies' }, 0],
  ['@opentelemetry/sdk-node', '1.9.1', { verdict: 'ok' }, 0],
])(
  'a copy of the API that %s has for itself, %s, beside 1.9.1',
  async (user, version, expected, exit) => {
    const folder = temporaryFolder();
    const { env } = await matomoOnWire();
    const first = install(folder, API, '1.9.1');
    install(folder, '@opentelemetry/instrumentation-http', '0.223.0', [API]);
    const second = install(install(folder, user, '1.0.0', [API]), API, version);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ dependencies: { [user]: '*', [API]: '*' } }),
    );
    const { code, about } = await runDoctor(env, {
      cwd: folder,
      main: join(ROOT, 'dist/esm/cli/main.js'),
    });
    expect(about('api')).toMatchObject([expected]);
    for (const place of [first, second]) expect(about('api')[0]?.found).toContain(place);
    expect(code).toBe(exit);
  },
);

test.each([
  ['nothing of OpenTelemetry', [], /^requests are tracked from Node\.js itself/],
  ['an SDK alone', ['@opentelemetry/sdk-node'], /^register joins .* from Node\.js itself/],
])('where %s is installed, requests are tracked all the same', async (_what, names, found) => {
  const folder = temporaryFolder();
  const { env } = await matomoOnWire();
  const installed = join(folder, 'node_modules/opentelemetry-matomo');
  cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules/undici'), join(folder, 'node_modules/undici'), 'junction');
  for (const name of names) install(folder, name, '0.223.0');
  const { code, about } = await runDoctor(env, {
    cwd: folder,
    main: join(installed, 'dist/esm/cli/main.js'),
  });
  expect(about('tracing')[0]).toMatchObject({ verdict: 'ok', code: 'nothing-installed' });
  expect(about('tracing')[0]?.found).toMatch(found);
  expect(about('tracing')[0]?.advice).toContain('npm install @opentelemetry/');
  expect(code).toBe(0);
});

test('what register would use is told with its versions, and NODE_OPTIONS that preload it', async () => {
  const env = { MATOMO_ENABLED: 'false' };
  const { about } = await runDoctor(env);
  expect(about('tracing')[0]?.found).toMatch(/starts its own.*instrumentation-http \d/);
  expect(about('tracing')[1]).toMatchObject({ verdict: 'unknown' });
  const preloaded = await runDoctor({
    ...env,
    NODE_OPTIONS: '--require opentelemetry-matomo/register',
  });
  expect(preloaded.about('tracing')[1]).toMatchObject({ verdict: 'ok' });
  expect(about('node')).toMatchObject([
    { verdict: 'ok', found: `Node.js ${process.versions.node}` },
  ]);
});

test('an environment that preloads register starts none in doctor itself', async () => {
  const { env } = await matomoOnWire();
  const folder = join(temporaryFolder(), 'spool');
  const { code, about } = await runDoctor({
    ...env,
    NODE_OPTIONS: '--require opentelemetry-matomo/register',
    MATOMO_SPOOL: folder,
    MATOMO_MAX_QUEUE_SIZE: 'x', // of which register would write
  });
  expect(about('options')).toMatchObject([{ code: 'environment-wrong' }]);
  expect(existsSync(folder)).toBe(false);
  expect(code).toBe(0);
});

test('a spool that is not there yet is not made', async () => {
  const { env } = await matomoOnWire();
  const folder = join(temporaryFolder(), 'a/b');
  const { code, about } = await runDoctor({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool')).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('can be made') },
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
      chmodSync(folder, 0o755);
    },
    { code: 'spool-open-to-others', advice: expect.stringContaining('chmod 700') },
  ],
])('a spool that %s is found', async (_what, spoil, expected) => {
  const { env } = await matomoOnWire();
  const folder = temporaryFolder();
  spoil(folder);
  const { code, about } = await runDoctor({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool').at(-1)).toMatchObject({ verdict: 'warning', ...expected });
  expect(code).toBe(0);
});

test('a file can be no spool', async () => {
  const { env } = await matomoOnWire();
  const { code, about } = await runDoctor({ ...env, MATOMO_SPOOL: join(ROOT, 'package.json') });
  expect(about('spool')).toMatchObject([{ verdict: 'warning', code: 'spool-not-used' }]);
  expect(code).toBe(0);
});

test('a disk with less room than the spool may take is found', async () => {
  const { env } = await matomoOnWire();
  const { about } = await runDoctor({
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
  const attributes = { 'http.request.method': 'GET', 'url.path': '/a' };
  exporter.export([finishedSpan({ attributes })], () => undefined);
  await eventually(() => linesIn(folder).length === 1);
  await eventually(() => readdirSync(folder).some((name) => name.endsWith('.lease')));
  const before = readdirSync(folder);
  const { about } = await runDoctor({ ...env, MATOMO_SPOOL: folder });
  expect(about('spool')).toMatchObject([
    { verdict: 'ok', found: expect.stringContaining('can be written') },
  ]);
  expect(readdirSync(folder)).toEqual(before);
  await wire.play();
  await exporter.forceFlush();
  await eventually(() => inspector.hits().length === 1);
});

test('a spool in Redis is asked, and its password stays here', async () => {
  const { env } = await matomoOnWire();
  const redis = await startRedis();
  const spool = redis.url.replace('//', '//default:s3cret@');
  const found = async () => (await runDoctor({ ...env, MATOMO_SPOOL: spool })).about('spool');
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
