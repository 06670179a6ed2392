import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';
import { npm, packPackage } from '../support/installed-app.js';
import { sampled } from '../support/long.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const VERSIONS = ['5.4.5', '5.9.3', '6.0.3', '7.0.2'];
/** Options of the compiler, and the file that it compiles. */
const RESOLUTIONS = {
  'CommonJS, `node16`': [['--module', 'node16'], 'app.cts'],
  'ES module, `node16`': [['--module', 'node16'], 'app.mts'],
  'ES module, `nodenext`': [['--module', 'nodenext'], 'app.mts'],
  'bundler, `bundler`': [['--module', 'esnext', '--moduleResolution', 'bundler'], 'app.ts'],
} as const;

/** Has one error: the misspelled parameter in the last line. */
const PROGRAM = `
import { annotate, type MatomoHandle, MatomoSpanProcessor, measure, start, trackEvent, type TrackedRequest } from 'opentelemetry-matomo';
import { startInspector, type Inspector } from 'opentelemetry-matomo/testing';
import { createGateway } from 'opentelemetry-matomo/gateway';

const handle: MatomoHandle = start({
  url: new URL('https://matomo.example.org'),
  siteId: ({ path }) => path.length,
  beforeSend: (parameters) => (parameters.action_name ? parameters : null),
});
declare const request: TrackedRequest;
const rows: Promise<number[]> = measure('pf_dm1', async () => [request.path.length]);
trackEvent('Orders', 'created', { value: 1 });
const inspect: () => Promise<Inspector> = startInspector;
new MatomoSpanProcessor({ siteId: 1 });
export { createGateway, handle, inspect, rows };
annotate({ acton_name: 'A' });
`;

test.for(sampled(VERSIONS.slice(-1), VERSIONS))(
  'TypeScript %s compiles an application, and finds a misspelled parameter',
  async (version) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'package.json'), '{"private":true}');
    const packages = [`typescript@${version}`, '@types/node@20', await packPackage()];
    await npm(cwd, ['install', '--ignore-scripts', ...packages]);
    for (const [name, [options, file]] of Object.entries(RESOLUTIONS)) {
      writeFileSync(join(cwd, file), PROGRAM);
      const settings = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node'];
      const tsc = join(cwd, 'node_modules/typescript/bin/tsc');
      const args = [tsc, ...settings, '--lib', 'es2022,esnext.disposable', ...options, file];
      const { stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
      const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
      expect(errors, name).toEqual([expect.stringContaining("'action_name'")]);
    }
  },
);

test('the page has each version and each resolution', () => {
  const page = readFileSync(join(ROOT, 'docs/versions.md'), 'utf8');
  const [, versions = '', resolutions = ''] =
    /Tested with TypeScript (.*?): (.*?\.) /.exec(page) ?? [];
  expect(versions.split(/, | and /)).toEqual(VERSIONS);
  for (const [options] of Object.values(RESOLUTIONS))
    expect(resolutions).toContain(`\`${options.at(-1)}\``);
});
