// tsc compiles src to build; the bundler puts that together to dist, a few files for each way to load them, because Node
// takes twice the time and more for a hundred small ones. Nothing is minified: stack traces name functions as src does.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build');
const dist = join(root, 'dist');
/** What entries load by `require` when it is needed, and is no entry of `package.json`. */
const LATE_ENTRIES = { esm: [], cjs: ['register/serve'] };
const IMPORT = /(?:\bfrom|\bimport\()\s*['"](\.[^'"]+)['"]/g;

for (const folder of [build, dist]) rmSync(folder, { recursive: true, force: true });
compile('tsconfig.json');
compile('tsconfig.page.json');
await bundle('esm', { format: 'esm' });
await bundle('cjs', {
  format: 'cjs',
  esModule: true,
  dynamicImportInCjs: false, // Jest knows no import() in CommonJS
});
linkLateEntry();
copyPage();
writeFileSync(join(dist, 'cjs/package.json'), '{"type":"commonjs"}\n'); // last, see setup.mjs

function compile(project) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], options);
  if (status !== 0) process.exit(status ?? 1);
}

/** The entries in a folder of dist. What several of them need is in chunks: each module is there once. */
async function bundle(folder, format) {
  const entries = entriesIn(folder);
  const modules = await rolldown({
    cwd: root,
    input: Object.fromEntries(
      [...entries, ...LATE_ENTRIES[folder]].map((entry) => [entry, join(build, `${entry}.js`)]),
    ),
    external: /^[^./]/, // Node and dependencies
    platform: 'node',
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  await modules.write({
    dir: join(dist, folder),
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    minifyInternalExports: false,
    comments: { jsdoc: false }, // it is in the declarations
    ...format,
  });
  for (const path of declarationsOf(entries)) {
    cpSync(join(build, path), join(dist, folder, path));
  }
}

/** Names of what `package.json` says is in a folder of dist, as in `src`. */
function entriesIn(folder) {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const start = `dist/${folder}/`;
  return [...Object.values(exports), bin]
    .flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)))
    .map((path) => path.replace(/^\.\//, ''))
    .filter((path) => path.startsWith(start))
    .map((path) => path.slice(start.length).replace(/\.js$/, ''));
}

function declarationsOf(entries) {
  const reached = new Set(entries.map((entry) => `${entry}.d.ts`)); // grows while it is gone through
  for (const path of reached) {
    for (const [, target] of readFileSync(join(build, path), 'utf8').matchAll(IMPORT)) {
      reached.add(join(dirname(path), target.replace(/\.js$/, '.d.ts')));
    }
  }
  return reached;
}

/** `#serve` keeps the late entry out of the bundle of `register`; in dist it is a path, as all bundlers understand. */
function linkLateEntry() {
  const register = join(dist, 'cjs/register.js');
  const code = readFileSync(register, 'utf8');
  writeFileSync(register, code.replace('"#serve"', '"./register/serve.js"'));
}

/** What a browser loads, beside the code that serves it. */
function copyPage() {
  const page = join(dist, 'esm/page');
  for (const folder of [join(build, 'inspector/page'), join(root, 'src/inspector/page')]) {
    for (const name of readdirSync(folder).filter((name) => !name.endsWith('.ts'))) {
      cpSync(join(folder, name), join(page, name));
    }
  }
}
