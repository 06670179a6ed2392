import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

/** File names that say what a file is in its folder, not what it is about. */
const COMMON_FILES: Readonly<Record<string, string>> = {
  'index.ts': 'what a folder gives to others',
  'main.ts': 'the start of a program: the command line, and the page in a browser',
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

test('no two source files have the same name', () => {
  const places = files.map((file) => [basename(file), file] as const);
  expect(ambiguous(places, COMMON_FILES)).toEqual([]);
});

test('no two source files declare the same exported name', () => {
  const places = files.flatMap((file) => exportsOf(file).map((name) => [name, file] as const));
  expect(places.length).toBeGreaterThan(500);
  expect(ambiguous(places)).toEqual([]);
});

test('no source file declares a type under a name that another one exports', () => {
  const exported = new Set(files.flatMap((file) => exportsOf(file)));
  const places = files.flatMap((file) => typesOf(file).map((name) => [name, file] as const));
  expect(ambiguous(places.filter(([name]) => exported.has(name)))).toEqual([]);
});

/** Names that occur in several files, with these files. */
function ambiguous(
  places: readonly (readonly [name: string, file: string])[],
  exceptions: Readonly<Record<string, string>> = {},
): unknown[] {
  const byName = new Map<string, Set<string>>();
  for (const [name, file] of places) {
    byName.set(name, (byName.get(name) ?? new Set()).add(file));
  }
  return [...byName].filter(([name, where]) => where.size > 1 && !Object.hasOwn(exceptions, name));
}

/** What a file declares and exports. `export { … } from` and `export { … }` of an import declare nothing. */
function exportsOf(file: string): string[] {
  const declarations = readFileSync(file, 'utf8').matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|var|interface|type|enum) ([\w$]+)/gm,
  );
  return [...declarations].map(([, name]) => name as string);
}

/** Types that a file declares, exported or not. */
function typesOf(file: string): string[] {
  const declarations = readFileSync(file, 'utf8').matchAll(
    /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|enum) ([\w$]+)/gm,
  );
  return [...declarations].map(([, name]) => name as string);
}
