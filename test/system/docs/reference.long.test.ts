import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import type { OptionDeclarations } from '../../../src/options/option.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import { ROOT } from '../../support/child-process.js';
import { npm } from '../../support/installed-app.js';
import { sampled } from '../../support/long.js';
import { skipTest } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { read } from './pages.js';

const script = pathToFileURL(join(ROOT, 'scripts/configuration.mjs')).href;
const { configurationPage } = (await import(script)) as {
  configurationPage: (options: OptionDeclarations) => string;
};

test('docs/configuration.md is what the declarations of the options and their comments say', () => {
  const options = { ...OPTIONS, ...RECEIVER_OPTIONS };
  const isFresh = read('docs/configuration.md') === configurationPage(options);
  expect(isFresh, 'docs/configuration.md is stale: run `npm run configuration`').toBe(true);
});

/** It takes long to install and run TypeDoc. */
const TYPEDOC = sampled([], ['each option']);

test.each(TYPEDOC)('`npm run docs:api` writes type and comment of %s', async () => {
  skipTest(await whyUnreachable(), 'packages');
  const folder = temporaryFolder();
  const args = ['run', 'docs:api', '--', '--out', folder];
  await promisify(execFile)('npm', args, { cwd: ROOT, shell: process.platform === 'win32' });
  const page = readFileSync(join(folder, 'index.md'), 'utf8');
  expect(page).toMatch(/`trustProxy\?` \|.*`string`.*Which proxies are trusted/);
  expect(readFileSync(join(folder, 'gateway.md'), 'utf8')).toContain('Share of the visitors');
});

/** Why npm cannot download TypeDoc, if so. */
async function whyUnreachable(): Promise<string | undefined> {
  try {
    await npm(ROOT, ['view', 'typedoc', 'version', '--prefer-online']);
    return undefined;
  } catch {
    return 'npm cannot download TypeDoc: the registry does not answer.';
  }
}
