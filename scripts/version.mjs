// `npm run changeset:version`: applies all changesets: writes the next version to package.json, package-lock.json and
// src/version.ts, and the changes to CHANGELOG.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { ROOT, run } from './setup.mjs';

const CHANGESET = 'node_modules/@changesets/cli/bin.js';
const VERSION_FILE = `${ROOT}src/version.ts`;

process.exitCode =
  (await run(process.execPath, [CHANGESET, 'version'])) || writeVersion() || (await lock());

function writeVersion() {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const text = readFileSync(VERSION_FILE, 'utf8');
  writeFileSync(VERSION_FILE, text.replace(/'.*'/, `'${version}'`));
  return 0;
}

function lock() {
  const options = { shell: process.platform === 'win32' };
  return run('npm', ['install', '--package-lock-only', '--ignore-scripts'], options);
}
