// tsc compiles src to build, and the bundler makes a few CommonJS files of that in dist/cjs: Node.js takes at least twice as long to
// load a hundred small files. Nothing is minified, so that stack traces have the names in src. Types are bundled, too.
//
// There is one copy of the code, whichever way it is loaded. dist/esm is for `import`: it has the tracking functions, so that a bundle
// of an application that imports only these has nothing else, and exports the rest from dist/cjs. Bundles for ES modules have no
// `require`, so modules of Node.js are loaded with `process.getBuiltinModule`.
//
// Rollup bundles the declarations, because TypeScript 7 has no API for that; its plugin uses `@typescript/typescript6`. Relative links
// to pages become text, or absolute links if package.json has a repository.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { exitModule } from './exit-code.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build');
const dist = join(root, 'dist');
/** Names, as in `src`, of the entries that `package.json` exports. */
const { exports, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = [...JSON.stringify(exports).matchAll(/dist\/cjs\/([\w/]+)\.js/g)].map(
  ([, name]) => name,
);
/** Entries that nobody imports: the command, and what `register` loads with `require`: at once, and when a server listens. */
const OWN_ENTRIES = ['cli/main', 'register/preload', 'tracker/request-watch'];
/** Modules in one chunk, because `register` loads them in every process, also if that never serves. */
const EARLY =
  /build.(?:common.(?:channel-listener|describe-error|diagnostics|environment|foreign-objects|log-lines|messages|node-http|otel-global|timers|unhooked)|register.(?:bun|process-tracker|watch-servers)|version)\.js$/;
/** Names the version for applications that import the package. `register` and the command check it themselves. */
const CHECK_NODE = `if (!process.getBuiltinModule) throw new Error("opentelemetry-matomo needs Node.js ${engines.node.replace('>=', '')} or later [node-version]");`;
/** What an application imports to track. */
const TRACKING = ['annotate.js', 'for-request.js'].map((file) => join(build, file));
/** The reader of protobuf, which is bundled, so that the package has no dependencies. */
const READER = '@bufbuild/protobuf';

for (const folder of [build, dist]) rmSync(folder, { recursive: true, force: true });
compile('tsconfig.json');
compile('tsconfig.page.json');
const delivery = join(build, 'delivery');
writeFileSync(join(delivery, 'exit-code.js'), await exitModule(join(delivery, 'exit-entry.js')));
await bundle('cjs', [...entries, ...OWN_ENTRIES], {
  format: 'cjs',
  codeSplitting: {
    groups: [
      { name: 'node-version', test: /build.common.node-version\.js$/, priority: 4 },
      { name: 'early', test: EARLY, priority: 3 },
      { name: 'options', test: /build.(?:common|options)./, priority: 2 },
      { name: 'pipeline', test: /build.tracker.request-watch.js$/, priority: 1 },
    ],
  },
  esModule: true,
  banner: ({ name }) => (name === 'early' ? CHECK_NODE : ''),
  dynamicImportInCjs: false, // Jest does not support import() in CommonJS
  plugins: [
    { name: 'builtins', renderChunk: withoutRequire },
    { name: 'ascii', generateBundle: toAscii },
  ],
});
await bundle('esm', ['index'], {
  format: 'esm',
  plugins: [{ name: 'rest', resolveId: toCommonJs }],
});
linkEntry('register', '#preload', './register/preload.js');
linkEntry('register/preload', '#tracker', '../tracker/request-watch.js');
await bundleTypes();
copyPage();
writeLicense();
const sideEffects = ['./register.js', './register/preload.js'];
const commonJs = JSON.stringify({ type: 'commonjs', sideEffects });
writeFileSync(join(dist, 'cjs/package.json'), `${commonJs}\n`); // last, see setup.mjs

function compile(project) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], options);
  if (status !== 0) process.exit(status ?? 1);
}

/** Bundles entries into one folder of dist. Modules that several entries need are in chunks, so that each exists once. */
async function bundle(folder, names, { plugins, ...format }) {
  const modules = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map((name) => [name, join(build, `${name}.js`)])),
    external: (id) => /^[^./]/.test(id) && !id.startsWith(READER), // Node and peer dependencies
    platform: 'node',
    plugins,
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

function withoutRequire(code) {
  return code.replace(/\brequire\((?="node:)/g, 'process.getBuiltinModule(');
}

/** Escapes other characters: if a file has one, V8 stores each of its characters in two bytes. */
function toAscii(_options, chunks) {
  for (const chunk of Object.values(chunks)) {
    chunk.code = chunk.code.replace(/[^\0-\x7F]/g, (sign) => {
      const code = sign.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${code}`;
    });
  }
}

/** What the entry for `import` exports beside the tracking functions is in the CommonJS files. */
function toCommonJs(id, importer) {
  const isRest = importer === join(build, 'index.js') && !TRACKING.includes(join(build, id));
  return isRest ? { id: '../cjs/index.js', external: true } : undefined;
}

async function bundleTypes() {
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
  writeFileSync(join(dist, 'esm/index.d.ts'), "export * from '../cjs/index.js';\n");
}

/** Comments link to pages in `docs`, and an editor that shows a comment cannot follow a relative link. */
function completeLinks(code) {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const base = repository?.url.replace(/^git\+|\.git$/g, '');
  return code.replace(/\[([^\]]*)\]\(([\w-]+\.md(?:#[\w-]*)?)\)/g, (_all, text, page) =>
    base ? `[${text}](${base}/blob/HEAD/docs/${page})` : `${text} (docs/${page} in this package)`,
  );
}

/** A name with `#` keeps an entry out of the bundle of the file that requires it. In dist it becomes a path, which every bundler resolves. */
function linkEntry(file, name, path) {
  const from = join(dist, `cjs/${file}.js`);
  writeFileSync(from, readFileSync(from, 'utf8').replace(`"${name}"`, `"${path}"`));
}

/** Copies the files that a browser loads next to the code that serves them. */
function copyPage() {
  const page = join(dist, 'cjs/page');
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
