import { join } from 'node:path';
import { runCommand } from './children.mjs';

const BANNER =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
const FORMS = {
  cjs: ['--format=cjs'],
  min: ['--format=cjs', '--minify'],
  esm: ['--format=esm', `--banner:js=${BANNER}`],
};

/** Bundles an application of a run folder with all that it requires, tracing included. */
export async function bundle(esbuildFolder, folder, { app, bundle: form, file }) {
  const esbuild = join(esbuildFolder, 'node_modules/esbuild/bin/esbuild');
  const args = [app, '--bundle', '--platform=node', ...FORMS[form], `--outfile=${file}`];
  await runCommand(esbuild, [...args, '--log-level=error'], { cwd: folder });
}
