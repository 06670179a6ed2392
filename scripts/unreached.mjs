// What of a build nobody can come to: the package's entries do not lead there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"](\.[^'"]+)['"]/g;

/** Paths of code and declarations below `folder` that are reached from none of `entries`, paths of code. */
export function findUnreached(folder, entries) {
  const code = reach(entries, (path) => path);
  const declarations = reach(entries.map(toDeclaration).filter(existsSync), toDeclaration);
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.js') || path.endsWith('.d.ts'))
    .filter((path) => !code.has(path) && !declarations.has(path));
}

function toDeclaration(path) {
  return path.replace(/\.js$/, '.d.ts');
}

function reach(entries, toPath) {
  const reached = new Set(entries); // grows while it is gone through
  for (const path of reached) {
    for (const [, target] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      reached.add(toPath(join(dirname(path), target)));
    }
  }
  return reached;
}
