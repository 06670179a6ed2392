import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from './child-process.js';
import { temporaryFolder } from './temporary-folder.js';

interface Packages {
  packPackage(): Promise<{ tarball: string }>;
  removePackage(npmPackage: { tarball: string }): void;
}

interface Npm {
  npm(folder: string, args: readonly string[]): Promise<string>;
}

export async function packPackage(): Promise<string> {
  const packages: Packages = await import(join(ROOT, 'tools/matrix/package.mjs'));
  const npmPackage = await packages.packPackage();
  onTestFinished(() => packages.removePackage(npmPackage));
  return npmPackage.tarball;
}

/** A second installation of the package, until the end of the test. */
export function secondCopy(): string {
  const folder = temporaryFolder();
  const copy = join(folder, 'node_modules/opentelemetry-matomo');
  mkdirSync(copy, { recursive: true });
  cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(
    join(ROOT, 'node_modules/@opentelemetry'),
    join(folder, 'node_modules/@opentelemetry'),
  );
  return copy;
}

export async function npm(folder: string, args: readonly string[]): Promise<string> {
  const { npm: run }: Npm = await import(join(ROOT, 'tools/matrix/npm.mjs'));
  return run(folder, args);
}
