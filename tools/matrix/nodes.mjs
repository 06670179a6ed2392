import { join } from 'node:path';
import { runCommand } from './children.mjs';
import { installSetUp } from './install.mjs';

const OWN = Number(process.versions.node.split('.')[0]);

/** Resolves to `{ path, version }` of a Node of this major or version: the one that runs this, or one that is installed. */
export async function installNode(major) {
  if (major === OWN) return { path: process.execPath, version: process.versions.node };
  const folder = await installSetUp(setUpOf(major));
  const isWindows = process.platform === 'win32';
  const path = join(folder, 'node_modules/node', isWindows ? 'bin/node.exe' : 'bin/node');
  const version = await runCommand(path, ['--version']);
  return { path, version: version.trim().slice(1) };
}

function setUpOf(major) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return {
    name: `node-${major}`,
    dependencies: { node: `npm:node-${platform}-${process.arch}@${major}` },
  };
}
