import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Unavailable } from './attempt.mjs';
import { runCommand } from './children.mjs';

const PATIENCE = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=30000'];
const KNOWN_PACKAGE = '@opentelemetry/api@1.9.0';

/** Installs dependencies into a folder of their own. */
export async function npmInstall(folder, dependencies) {
  const manifest = { name: 'matrix-set-up', private: true, dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  try {
    await npm(folder, args);
  } catch (error) {
    const code = codeOf(error);
    // A dependency conflict. npm reports the same error if it could not fetch the metadata of a package.
    const cause = code === 'ERESOLVE' ? await whyUnreachable(folder) : code;
    if (!cause) throw error;
    throw new Unavailable(`npm could not install it: ${cause}`);
  }
}

/** `undefined` where the registry answers. */
async function whyUnreachable(folder) {
  try {
    await npm(folder, ['view', KNOWN_PACKAGE, 'version', '--prefer-online']);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf({ message }) {
  return /npm error code (\S+)/.exec(message)?.[1] ?? message;
}

/** Runs npm in a folder, with patience for the registry. */
export function npm(cwd, args) {
  // What npm tells its scripts of this project is not for another one.
  const isOfProject = (name) => /^npm_(?:package|lifecycle|config_local_)/.test(name);
  const env = Object.entries(process.env).filter(([name]) => !isOfProject(name));
  const shell = process.platform === 'win32';
  return runCommand('npm', [...args, ...PATIENCE], { cwd, env: Object.fromEntries(env), shell });
}
