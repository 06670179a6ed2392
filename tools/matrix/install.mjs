// Installs what the matrix runs against: outside of this project, whose own packages must not be found from there.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmInstall } from './npm.mjs';
import { unpackPackage } from './package.mjs';

const APPS = fileURLToPath(new URL('apps', import.meta.url));
const MARK = 'installed';

/** Not in this project's `node_modules`: Node looks there for whatever a setup lacks. */
export const CACHE =
  process.env.MATRIX_CACHE ?? join(tmpdir(), `opentelemetry-matomo-matrix-${userInfo().username}`);

/**
 * Installs a setup where that has not been done, with `npmPackage`, where given, beside it as an application
 * would; resolves to its folder. The folder's name says what is in it, and it appears whole or not at all:
 * several runs may share it.
 */
export async function installSetUp(setUp, npmPackage) {
  const folder = folderOf(setUp, npmPackage);
  if (isInstalled(folder)) return folder;
  process.stderr.write(`Installing ${setUp.name}.\n`);
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(CACHE, 'draft-'));
  try {
    const ours = npmPackage ? { 'opentelemetry-matomo': `file:${npmPackage.tarball}` } : {};
    await npmInstall(draft, { ...setUp.dependencies, ...ours });
    writeFileSync(join(draft, MARK), '');
    renameSync(draft, folder);
  } catch (error) {
    if (!isInstalled(folder)) throw error; // else another run was faster
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

/**
 * A folder in a setup with the applications and this package as it is now, for one run. That nothing of it is
 * kept is why a setup lives on when only the code has changed.
 */
export async function createRunFolder(setUpFolder, npmPackage) {
  const folder = mkdtempSync(join(setUpFolder, 'run-'));
  cpSync(APPS, folder, { recursive: true });
  await unpackPackage(npmPackage, folder);
  linkOwnDependencies(setUpFolder, folder);
  return folder;
}

/** Those that npm has nested because the setup has others in another version. */
function linkOwnDependencies(setUpFolder, folder) {
  const place = 'node_modules/opentelemetry-matomo/node_modules';
  const nested = join(setUpFolder, place);
  if (existsSync(nested)) symlinkSync(nested, join(folder, place), 'junction');
}

function folderOf({ name, dependencies }, npmPackage) {
  const content = JSON.stringify([dependencies, npmPackage?.manifest]);
  const key = createHash('sha256').update(content).digest('hex').slice(0, 8);
  return join(CACHE, `${name}-${key}`);
}

function isInstalled(folder) {
  return existsSync(join(folder, MARK));
}
