import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An installed package, as its folder describes it. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly needs: readonly string[];
}

/** One copy of a package, and the packages that load it. */
export interface Copy extends InstalledPackage {
  readonly usedBy: readonly string[];
}

/** The copy of a package that code in a folder loads; `undefined` if it finds none. */
export function findPackage(name: string, from: string): InstalledPackage | undefined {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return readPackage(realpathSync(folder));
  return dirname(from) === from ? undefined : findPackage(name, dirname(from));
}

/** All copies of a package that an application can load, directly, through dependencies, or through `starts`. */
export function findCopies(wanted: string, app: string, starts: readonly string[]): Copy[] {
  const copies = new Map<string, Copy & { usedBy: string[] }>();
  const own = existsSync(join(app, 'package.json')) ? readPackage(app).needs : [];
  const root = { name: 'the application', version: '', folder: app, needs: [...own, ...starts] };
  const seen = new Set<string>();
  const waiting: InstalledPackage[] = [root];
  for (let user = waiting.pop(); user; user = waiting.pop()) {
    if (seen.has(user.folder)) continue;
    seen.add(user.folder);
    for (const name of new Set(user.needs)) {
      const found = findPackage(name, user.folder);
      if (!found) continue;
      if (name === wanted) {
        const copy = copies.get(found.folder) ?? { ...found, usedBy: [] };
        copies.set(found.folder, copy);
        copy.usedBy.push(user.name);
      } else if (!seen.has(found.folder)) waiting.push(found);
    }
  }
  return [...copies.values()];
}

function readPackage(folder: string): InstalledPackage {
  const manifest = readManifest(join(folder, 'package.json'));
  const { name = folder, version = '?' } = manifest as { name?: string; version?: string };
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const needs = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  return { name, version, folder, needs: Object.keys(needs) };
}

function readManifest(path: string): Record<string, Record<string, string> | undefined> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
