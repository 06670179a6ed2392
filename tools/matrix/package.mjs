// This package as npm would publish it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../scripts/setup.mjs';
import { runCommand } from './children.mjs';

/** Packs what is built, until `removePackage`. `manifest` is what npm reads of it when it installs. */
export async function packPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-pack-'));
  const shell = process.platform === 'win32';
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const name = await runCommand('npm', args, { cwd: ROOT, shell });
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  return { tarball: join(folder, name.trim()), manifest: { dependencies, peerDependencies } };
}

export function removePackage({ tarball }) {
  rmSync(dirname(tarball), { recursive: true, force: true });
}

/** Puts it where the applications in `folder` find it before any other copy. */
export async function unpackPackage({ tarball }, folder) {
  const target = join(folder, 'node_modules/opentelemetry-matomo');
  mkdirSync(target, { recursive: true });
  await runCommand('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}
