// Where cells are run: a Node, and a folder with a setup, this package and the applications made ready.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup.mjs';
import { attempt, Unavailable } from './attempt.mjs';
import { runCommand } from './children.mjs';
import { createRunFolder, installSetUp, isCached, versionOf } from './install.mjs';
import { installNode, isNodeHere } from './nodes.mjs';
import { TOOLS } from './set-ups.mjs';

const BANNER =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
const FORMS = {
  cjs: ['--format=cjs'],
  min: ['--format=cjs', '--minify'],
  esm: ['--format=esm', `--banner:js=${BANNER}`],
};

/**
 * Installs and builds what `cells` need, one after the other. Resolves to `placeOf(cell)`, which is `{ node,
 * folder, nodeVersion, version }`, or what `attempt` says where that could not be had, and `close`, which
 * removes what is for this run only.
 */
export async function preparePlaces(cells, npmPackage, say) {
  const nodes = new Map();
  const folders = new Map();
  const made = new Map();
  for (const cell of cells) {
    await once(nodes, cell.node, () => {
      if (!isNodeHere(cell.node)) say(`Installing Node ${cell.node}.`);
      return installNode(cell.node);
    });
    await once(folders, cell.setUp.name, async () => {
      if (!isCached(cell.setUp, npmPackage)) say(`Installing ${cell.setUp.name}.`);
      return createRunFolder(await installSetUp(cell.setUp, npmPackage), npmPackage);
    });
    const node = nodes.get(cell.node);
    const folder = folders.get(cell.setUp.name);
    if (cell.make && node.value && folder.value) {
      const place = { node: node.value.path, folder: folder.value };
      await once(made, makeKey(cell), () => MAKERS[cell.make.how](cell.make, place, say));
    }
  }
  function placeOf(cell) {
    const node = nodes.get(cell.node);
    const folder = folders.get(cell.setUp.name);
    const isMissing = (part) => part && !('value' in part);
    const missing = [node, folder, made.get(makeKey(cell))].find(isMissing);
    if (missing) return missing;
    const { path, version: nodeVersion } = node.value;
    const version = cell.versionOf && versionOf(join(folder.value, '..'), cell.versionOf);
    return { node: path, nodeVersion, folder: folder.value, version };
  }
  function close() {
    for (const { value } of folders.values()) {
      if (value) rmSync(value, { recursive: true, force: true });
    }
  }
  return { placeOf, close };
}

const MAKERS = {
  /** With all that the application requires, tracing included. */
  async bundle({ app, form, file }, { folder }, say) {
    if (!isCached(TOOLS)) say('Installing esbuild.');
    const esbuild = join(await installSetUp(TOOLS), 'node_modules/esbuild/bin/esbuild');
    const args = [app, '--bundle', '--platform=node', ...FORMS[form], `--outfile=${file}`];
    await runCommand(esbuild, [...args, '--log-level=error'], { cwd: folder });
  },
  async server({ folder: name, build, buildEnv }, { node, folder }, say) {
    say(`Building the application in ${name}.`);
    const [file, ...args] = build;
    const env = { ...process.env, ASTRO_TELEMETRY_DISABLED: '1', CI: '1', ...buildEnv };
    await runCommand(node, [join(folder, '../node_modules', file), ...args], {
      cwd: join(folder, name),
      env,
    });
  },
  async bundler({ folder: name = '.', build, buildEnv, executable, program }, place, say) {
    const { node, folder } = place;
    say(`Bundling with ${build[0][0].split('/').slice(0, -2).join('/')}.`);
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '1', ...buildEnv };
    const run = (args) => runCommand(node, args, { cwd: join(folder, name), env });
    const inModules = (file) => join(folder, '../node_modules', file);
    for (const [file, ...args] of build) {
      if (file.startsWith('esbuild/')) await runCommand(inModules(file), args, { cwd: folder });
      else await run([inModules(file), ...args]);
    }
    if (!executable) return;
    await run(['--experimental-sea-config', executable.config]);
    copyFileSync(node, join(folder, program));
    const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
    const args = [program, 'NODE_SEA_BLOB', executable.blob, ...fuse];
    await run([inModules('postject/dist/cli.js'), ...args]);
  },
  async next(_make, { node, folder }, say) {
    say('Building the Next.js applications.');
    const next = join(folder, '../node_modules/next/dist/bin/next');
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', CI: '1' };
    const build = (app) => runCommand(node, [next, 'build'], { cwd: join(folder, app), env });
    try {
      await build('next'); // nothing of this package is in it
    } catch (error) {
      throw new Unavailable(error.message);
    }
    writeFileSync(join(folder, 'next-start/instrumentation.ts'), readInstrumentation());
    await build('next-start');
  },
};

/** What `docs/frameworks.md` tells its readers to write. */
function readInstrumentation() {
  const page = readFileSync(join(ROOT, 'docs/frameworks.md'), 'utf8');
  const found = /in `instrumentation\.ts`[^\n]*:\n\n```ts\n(.*?)```/s.exec(page);
  if (!found) throw new Error('docs/frameworks.md shows no instrumentation.ts');
  return found[1];
}

function makeKey({ setUp, make }) {
  return make && JSON.stringify([setUp.name, make]);
}

async function once(results, key, run) {
  if (!results.has(key)) results.set(key, await attempt(run));
}
