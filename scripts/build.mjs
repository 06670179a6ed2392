// Three passes of tsc: dist/esm, dist/cjs, and the inspector's page, which runs in a browser. No bundler, so stack traces
// point at real files; what no entry leads to is left out.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findUnreached } from './unreached.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
for (const project of ['tsconfig.json', 'tsconfig.cjs.json', 'tsconfig.page.json']) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
const page = new URL('../src/inspector/page/', import.meta.url);
for (const name of readdirSync(page).filter((name) => /\.(?:html|css|svg)$/.test(name))) {
  copyFileSync(new URL(name, page), new URL(`../dist/esm/inspector/page/${name}`, import.meta.url));
}
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = [...Object.values(exports), bin, './dist/esm/inspector/page/main.js']
  .flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)))
  .filter((path) => path.endsWith('.js'))
  .map((path) => join(root, path));
for (const path of findUnreached(join(root, 'dist'), entries)) rmSync(path);
writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{"type":"commonjs"}\n');
