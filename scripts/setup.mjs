// Prepares a fresh clone: installs its dependencies and builds dist.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Installs and builds, each only if needed. Resolves to whether both succeeded. */
export async function setUp(say) {
  if (!isInstalled() && !(await install(say))) return false;
  if (!isBuilt()) {
    say('Building dist.');
    if ((await run(process.execPath, ['scripts/build.mjs'])) !== 0) return false;
  }
  return true;
}

async function install(say) {
  say('Installing dependencies with npm ci. This takes up to a minute.');
  const options = { shell: process.platform === 'win32' };
  return (await run('npm', ['ci', '--include=dev', '--no-progress'], options)) === 0;
}

/** Runs a command in the root with the output of this process. Resolves to its exit code, or to 1 if a signal ended it. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
    const stop = () => child.kill();
    process.once('SIGTERM', stop);
    child.once('error', reject);
    child.once('close', (code) => {
      process.removeListener('SIGTERM', stop);
      resolve(code ?? 1);
    });
  });
}

/** Whether node_modules matches package-lock.json, by npm's own record of the last install. */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    // Packages for other platforms are optional and missing.
    if (!found) return path === '' || entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(`${ROOT}${file}`, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether dist is newer than all of its sources; the build writes this file last. */
function isBuilt() {
  const built = statSync(`${ROOT}dist/cjs/package.json`, { throwIfNoEntry: false });
  if (!built) return false;
  const sources = readdirSync(`${ROOT}src`, { recursive: true }).map((path) => `src/${path}`);
  const projects = ['tsconfig.json', 'tsconfig.page.json'];
  return ['src', ...sources, ...projects, 'scripts/build.mjs'].every(
    (path) => statSync(`${ROOT}${path}`).mtimeMs <= built.mtimeMs,
  );
}
