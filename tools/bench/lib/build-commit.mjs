// A commit of this repository as a built package: from `git archive`, with the dependencies of its own lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../../matrix/npm.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** What the build of a package writes last. */
const BUILT = 'dist/cjs/package.json';

/** Resolves to its folder, which stays in the folder for temporary files for the next time. */
export async function buildCommit(commit) {
  const hash = git(['rev-parse', '--verify', '--quiet', `${commit}^{commit}`])?.trim();
  if (hash === undefined) {
    throw new Error(
      `${commit} is neither a folder nor a commit of this clone. If the clone is shallow, run git fetch --unshallow.`,
    );
  }
  const folder = join(tmpdir(), 'opentelemetry-matomo-commits', hash);
  if (existsSync(join(folder, BUILT))) return folder;
  process.stderr.write(`Building ${commit} in ${folder}. This takes up to two minutes.\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'commit.tar');
  git(['archive', `--output=${archive}`, hash]);
  spawnSync('tar', ['-xf', archive, '-C', folder], { stdio: 'inherit' });
  await npm(folder, ['ci', '--include=dev', '--no-audit', '--no-fund']);
  await npm(folder, ['run', 'build']);
  return folder;
}

/** What git prints, or `undefined` if it fails. */
function git(args) {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
