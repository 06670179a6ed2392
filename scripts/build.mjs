// tsc compiles src to build, and the bundler makes a few files in dist for each module format: Node.js takes at least twice
// as long to load a hundred small files. Nothing is minified, so that stack traces have the names in src. Types are bundled, too.
//
// Rollup bundles the declarations, because TypeScript 7 has no API for that; its plugin uses `@typescript/typescript6`. There is one
// set of types, in dist/cjs: the files in dist/esm re-export it, so that a class is one type for both formats. Relative links to pages
// become text, or absolute links if package.json has a repository.
//
// Bundlers read the condition `module` of package.json, which Node.js does not know, and get ES modules for `import` and `require`.
// Only they use dist/esm/register.js: it imports what the CommonJS build loads when the process serves. The tracking functions and
// their imports are one chunk, `tracking`, because bundlers keep all of a chunk that may have side effects.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { exitWorkerModule } from './exit-worker-code.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build');
const dist = join(root, 'dist');
/** Modules that entries load with `require` when they need them, and that are not entries of `package.json`. */
const LATE_ENTRIES = { esm: [], cjs: ['tracker/running-tracker'] };
/** Modules in one chunk, because `register` loads them in every process, also if that never serves. */
const EARLY =
  /build.(?:common.(?:channel-listener|describe-error|diagnostics|foreign-objects|log-lines|messages|node-http|otel-global|timers|unhooked)|register.(?:bun|process-tracker)|tracker.key|version)\.js$/;
/** What an application imports to track. Bundlers keep whole chunks, so these and their imports have one of their own. */
const TRACKING = ['annotate', 'for-request'];
/** The reader of protobuf, which is bundled, so that the package has no dependencies. */
const READER = '@bufbuild/protobuf';
const IMPORT = /(?:\bfrom|\bimport\()\s*['"](\.[^'"]+)['"]/g;

for (const folder of [build, dist]) rmSync(folder, { recursive: true, force: true });
compile('tsconfig.json');
compile('tsconfig.page.json');
const worker = join(build, 'delivery', 'exit', 'exit-worker');
writeFileSync(`${worker}-code.js`, await exitWorkerModule(`${worker}.js`));
const tracking = modulesOf(TRACKING);
await bundle('esm', {
  format: 'esm',
  codeSplitting: { groups: [{ name: 'tracking', test: (id) => tracking.has(id) }] },
});
await bundle('cjs', {
  format: 'cjs',
  codeSplitting: { groups: [{ name: 'early', test: EARLY }] },
  esModule: true,
  dynamicImportInCjs: false, // Jest does not support import() in CommonJS
});
linkLateEntry();
await bundleTypes();
copyPage();
writeLicense();
writeFileSync(join(dist, 'cjs/package.json'), '{"type":"commonjs"}\n'); // last, see setup.mjs

function compile(project) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], options);
  if (status !== 0) process.exit(status ?? 1);
}

/** Bundles the entries of one folder of dist. Modules that several entries need are in chunks, so that each exists once. */
async function bundle(folder, format) {
  const entries = entriesIn(folder);
  const modules = await rolldown({
    cwd: root,
    input: Object.fromEntries(
      [...entries, ...LATE_ENTRIES[folder]].map((entry) => [entry, join(build, `${entry}.js`)]),
    ),
    external: (id) => /^[^./]/.test(id) && !id.startsWith(READER), // Node and peer dependencies
    platform: 'node',
    plugins: folder === 'esm' ? [{ name: 'late', transform: importLateEntry }] : [],
    onLog: (_level, { message }) => {
      throw new Error(message);
    },
  });
  await modules.write({
    dir: join(dist, folder),
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    minifyInternalExports: false,
    comments: { jsdoc: false }, // the declarations have it
    ...format,
  });
}

/** The types of all entries, for CommonJS. ES modules get the same ones, so that a class is one type for both. */
async function bundleTypes() {
  const entries = entriesIn('cjs');
  const input = Object.fromEntries(entries.map((entry) => [entry, join(build, `${entry}.d.ts`)]));
  const bundle = await rollup({
    input,
    external: /^[^./]/,
    plugins: [dts(), { name: 'links', renderChunk: completeLinks }],
    onLog: (_level, { code, message }) => {
      if (code !== 'EMPTY_BUNDLE') throw new Error(message); // register exports nothing
    },
  });
  await bundle.write({
    dir: join(dist, 'cjs'),
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types.d.ts',
    // Entries only export: the bundler rejects types in them that are made from types of a chunk.
    manualChunks: (id) => (Object.values(input).includes(id) ? null : 'types'),
    minifyInternalExports: false,
  });
  await bundle.close();
  for (const entry of entriesIn('esm').filter((name) => entries.includes(name))) {
    const file = join(dist, 'esm', `${entry}.d.ts`);
    const target = posix.join(posix.relative(posix.dirname(`esm/${entry}`), 'cjs'), entry);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `export * from '${target}.js';\n`);
  }
}

/** Comments link to pages in `docs`, and an editor that shows a comment cannot follow a relative link. */
function completeLinks(code) {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const base = repository?.url.replace(/^git\+|\.git$/g, '');
  return code.replace(/\[([^\]]*)\]\(([\w-]+\.md(?:#[\w-]*)?)\)/g, (_all, text, page) =>
    base ? `[${text}](${base}/blob/HEAD/docs/${page})` : `${text} (docs/${page} in this package)`,
  );
}

/** The files of modules and of all that they import. */
function modulesOf(names) {
  const reached = new Set(names.map((name) => join(build, `${name}.js`))); // grows during the loop
  for (const file of reached) {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      reached.add(join(dirname(file), target));
    }
  }
  return reached;
}

/** Names, as in `src`, of the entries that `package.json` lists in a folder of dist. */
function entriesIn(folder) {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const start = `dist/${folder}/`;
  const paths = [...Object.values(exports), bin]
    .flatMap((entry) => (typeof entry === 'string' ? entry : Object.values(entry)))
    .map((path) => path.replace(/^\.\//, ''))
    .filter((path) => path.startsWith(start))
    .map((path) => path.slice(start.length).replace(/\.js$/, ''));
  return [...new Set(paths)];
}

/** Only bundlers use `register` as an ES module. They cannot load the late entry with `require`, so it is imported. */
function importLateEntry(code, id) {
  if (id !== join(build, 'register.js')) return undefined;
  return `import * as late from './tracker/running-tracker.js';\n${code.replace("require('#tracker')", 'late')}`;
}

/** `#tracker` keeps the late entry out of the bundle of `register`. In dist it becomes a path, which every bundler resolves. */
function linkLateEntry() {
  const register = join(dist, 'cjs/register.js');
  const code = readFileSync(register, 'utf8');
  writeFileSync(register, code.replace('"#tracker"', '"./tracker/running-tracker.js"'));
}

/** Copies the files that a browser loads next to the code that serves them. */
function copyPage() {
  const page = join(dist, 'esm/page');
  for (const folder of [join(build, 'inspector/page'), join(root, 'src/inspector/page')]) {
    for (const name of readdirSync(folder).filter((name) => !name.endsWith('.ts'))) {
      cpSync(join(folder, name), join(page, name));
    }
  }
}

/** The license of the reader of protobuf: its files have their terms at the top. */
function writeLicense() {
  const folder = join(root, 'node_modules', READER);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const terms = ['binary-encoding', 'varint'].map((name) => {
    const code = readFileSync(join(folder, `dist/esm/wire/${name}.js`), 'utf8');
    return /^(?:\/\/.*\n)+/.exec(code)[0].replace(/^\/\/ ?/gm, '');
  });
  const about = `Files in this folder contain parts of ${READER} ${version} (Apache-2.0 AND BSD-3-Clause). Its terms:\n`;
  writeFileSync(join(dist, 'LICENSE-protobuf.txt'), [about, ...terms].join('\n'));
}
