// What a fresh clone needs before anything of it can run: its dependencies, and dist.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Installs and builds, each only where needed. Resolves to whether all went well. */
export async function setUp(say) {
  if (!isInstalled() && !(await install(say))) return false;
  if (!isBuilt()) {
    say('Building dist.');
    if ((await run(process.execPath, ['scripts/build.mjs'])) !== 0) return false;
  }
  return true;
}

async function install(say) {
  say('Installing dependencies with npm ci; this takes up to a minute.');
  const options = { shell: process.platform === 'win32' };
  return (await run('npm', ['ci', '--include=dev', '--no-progress'], options)) === 0;
}

/** Runs a command in the root with this process's own output. Resolves to its exit code, 1 where a signal ended it. */
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

/** Whether node_modules holds what package-lock.json says, by the record that npm keeps there of each install. */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    // What is for another platform is optional, and not there.
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

/** Whether dist is newer than everything it is made of; the build writes this file last. */
function isBuilt() {
  const built = statSync(`${ROOT}dist/cjs/package.json`, { throwIfNoEntry: false });
  if (!built) return false;
  const sources = readdirSync(`${ROOT}src`, { recursive: true }).map((path) => `src/${path}`);
  const projects = ['tsconfig.json', 'tsconfig.page.json'];
  return ['src', ...sources, ...projects, 'scripts/build.mjs'].every(
    (path) => statSync(`${ROOT}${path}`).mtimeMs <= built.mtimeMs,
  );
}
