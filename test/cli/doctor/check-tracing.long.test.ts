import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { checkApi, checkPreload, checkTracing } from '../../../src/cli/doctor/check-tracing.js';
import { ROOT } from '../../support/child-process.js';
import { runDoctor } from '../../support/cli.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const API = '@opentelemetry/api';

function install(folder: string, name: string, version: string): string {
  const place = join(folder, 'node_modules', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version }));
  return place;
}

test.each([
  ['@opentelemetry/sdk-node', '1.8.0', { verdict: 'problem', code: 'api-copies' }],
  ['the application', '1.8.0', { verdict: 'warning', code: 'api-copies' }],
  ['@opentelemetry/sdk-node', '1.9.1', { verdict: 'ok' }],
])('a copy of the API that %s has, %s, beside 1.9.1', (user, version, expected) => {
  const folder = temporaryFolder();
  const first = install(folder, API, '1.9.1');
  install(folder, '@opentelemetry/instrumentation-http', '0.223.0');
  const app = user.startsWith('@') ? folder : join(folder, 'app');
  const second = install(user.startsWith('@') ? install(folder, user, '1.0.0') : app, API, version);
  const [finding] = checkApi(app);
  expect(finding).toMatchObject(expected);
  for (const place of [first, second]) expect(finding?.found).toContain(place);
});

const PACKAGES = ['@opentelemetry/sdk-node', '@opentelemetry/instrumentation-http'];

test.each([
  [[], /^requests are read from Node.js itself; no tracing is installed$/],
  [PACKAGES, /from spans if .*; installed: sdk-node 0.223.0, instrumentation-http 0.223.0$/],
])('if %j is installed, register has what it needs', (names, text) => {
  const folder = temporaryFolder();
  for (const name of names) install(folder, name, '0.223.0');
  const found = expect.stringMatching(text);
  expect(checkTracing(folder)).toEqual({ check: 'tracing', verdict: 'ok', found });
});

const OWN = join(ROOT, 'node_modules/opentelemetry-matomo');

test.each<[string, object]>([
  [`--require ${OWN}/register`, { verdict: 'ok' }],
  [`--no-warnings --require="${OWN}/dist/cjs/register.js"`, { verdict: 'ok' }],
  [`--import "${pathToFileURL(OWN)}/dist/cjs/register.js"`, { verdict: 'ok' }],
  ['-r opentelemetry-matomo/register', { verdict: 'warning', code: 'preload-relative' }],
  ['', { verdict: 'unknown' }],
  ['--require opentelemetry-matomo', { verdict: 'unknown' }],
])('NODE_OPTIONS=%s', (NODE_OPTIONS, expected) => {
  const finding = checkPreload({ NODE_OPTIONS });
  expect(finding).toMatchObject(expected);
  if (finding.verdict === 'unknown') expect(finding.found).toMatch(/^NODE_OPTIONS does not/);
});

test('an environment that preloads register starts none in doctor itself', async () => {
  const { env } = await matomoOnWire();
  const folder = join(temporaryFolder(), 'spool');
  const { code, about } = await runDoctor({
    ...{ ...env, MATOMO_SPOOL: folder },
    NODE_OPTIONS: '--require opentelemetry-matomo/register',
    MATOMO_MAX_QUEUE_SIZE: 'x', // of which register would write
  });
  expect(about('options')).toMatchObject([{ code: 'environment-invalid' }]);
  expect(about('preload')).toMatchObject([{ code: 'preload-relative' }]);
  expect(existsSync(folder)).toBe(false);
  expect(code).toBe(0);
});
