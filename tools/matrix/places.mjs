// Where cells run: a Node.js, and a folder with their packages, this package and the applications, built if they need it.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from './attempt.mjs';
import { runCommand } from './children.mjs';
import { createRunFolder, installSetUp } from './install.mjs';
import { installNode } from './nodes.mjs';

const BUILD_ENV = {
  ASTRO_TELEMETRY_DISABLED: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  NODE_ENV: 'production',
  CI: '1',
};

/**
 * Installs and builds what `cells` need, one after the other. Resolves to `placeOf(cell)`, which is what `attempt` returns for
 * `{ node, folder }`, and to `close`, which removes the folders. `moreApps` is a folder of applications besides those of the matrix.
 */
export async function preparePlaces(cells, npmPackage, moreApps) {
  const folders = [];
  const nodeOf = once(installNode);
  const folderOf = once(async (setUp) => {
    const folder = await createRunFolder(await installSetUp(setUp, npmPackage), npmPackage);
    if (moreApps) cpSync(moreApps, folder, { recursive: true });
    folders.push(folder);
    return folder;
  });
  const buildOnce = once(runBuild);
  const places = new Map();
  for (const cell of cells) {
    const place = await attempt(async () => {
      const { path: node } = await nodeOf(cell.node);
      const folder = await folderOf(cell.setUp);
      for (const build of cell.build ?? []) await buildOnce({ node, folder }, build);
      return { node, folder };
    });
    places.set(cell, place);
  }
  function close() {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  return { placeOf: (cell) => places.get(cell), close };
}

/** Runs a program in `node_modules` with `args`, by default in the folder of the applications. */
async function runBuild({ node, folder }, { args, cwd = '.', env }) {
  const [file, ...more] = args;
  await runCommand(node, [join(folder, '../node_modules', file), ...more], {
    cwd: join(folder, cwd),
    env: { ...process.env, ...BUILD_ENV, ...env },
  });
}

/** Calls `make` once for the same arguments. */
function once(make) {
  const made = new Map();
  return (...given) => {
    const key = JSON.stringify(given);
    if (!made.has(key)) made.set(key, make(...given));
    return made.get(key);
  };
}
