import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { type CodeBlock, codeBlocksOf, PAGES, read } from './pages.js';
import {
  earlierCode,
  importsIn,
  installedBy,
  isExcerpt,
  missingImports,
  packageOf,
} from './snippets.js';

const pages = PAGES.filter((page) => page.startsWith('docs/'));
const allBlocks = ['README.md', ...pages].flatMap(codeBlocksOf);
// A block that names its source runs there, in a test or in the matrix.
const sourced = allBlocks.filter(({ source }) => source !== undefined);
const codeBlocks = pages.flatMap(codeBlocksOf).filter(({ source }) => source === undefined);

test('the code in docs passes the type checker against the sources', { timeout: 60_000 }, () => {
  expect(codeBlocks.length).toBeGreaterThan(2);
  expect(typeErrorsIn(codeBlocks)).toBe('');
});

test.each(sourced)('$page: the code that begins `$firstLine` stands in $source', (block) => {
  expect(isExcerpt(block.code, read(block.source as string))).toBe(true);
});

// The type checker finds missing imports of the other blocks.
test.each(sourced)('$page: the code that begins `$firstLine` shows its imports', (block) => {
  const source = read(block.source as string);
  expect(missingImports(block.code, source, earlierCode(block, allBlocks))).toEqual([]);
});

test.each(['README.md', ...pages])('%s: `npm install` names what its code imports', (page) => {
  const imported = codeBlocksOf(page).flatMap(({ code }) => importsIn(code));
  const packages = new Set(
    imported.filter(({ from }) => !/^(?:node:|\.)/.test(from)).map(({ from }) => packageOf(from)),
  );
  expect([...packages].filter((name) => !installedBy(read(page)).includes(name))).toEqual([]);
});

test('a missing import is found, and one of a block that is continued is not missing', () => {
  const source = "const { annotate } = require('opentelemetry-matomo');\n\nannotate({});\n";
  expect(missingImports('annotate({});\n', source, '')).toEqual(['annotate']);
  expect(missingImports(source, source, '')).toEqual([]);
  expect(missingImports('matomo.annotate({ annotate: 1 });\n', source, '')).toEqual([]);
  const [first, second] = [source, 'annotate({});\n'].map((code) => ({
    page: 'docs/page.md',
    source: 'app.cjs',
    isContinued: code !== source,
    code,
    firstLine: '',
  })) as [CodeBlock, CodeBlock];
  expect(earlierCode(second, [first, second])).toBe(source);
  expect(earlierCode({ ...second, isContinued: false }, [first, second])).toBe('');
});

test('an excerpt leaves out paragraphs and names of imports, and adds nothing', () => {
  const source = "import { a, b } from 'one';\n\na();\n\nb();\n";
  expect(isExcerpt("import { b } from 'one';\n\nb();\n", source)).toBe(true);
  expect(isExcerpt("import { c } from 'one';\n\nb();\n", source)).toBe(false);
  expect(isExcerpt("import { a } from 'two';\n\na();\n", source)).toBe(false);
  expect(isExcerpt('b();\n\na();\n', source)).toBe(false);
});

test('imports of every form are found, and packages of every install command', () => {
  const code = [
    "import type { A, B as C } from '@scope/one/part';",
    "import * as D from 'two';",
    "const { e: E } = await import('three');",
    "const { F } = createRequire(import.meta.url)('node:http');",
    "require('./four.js');",
  ].join('\n');
  expect(importsIn(code)).toEqual([
    { from: '@scope/one/part', names: ['A', 'C'] },
    { from: 'two', names: ['D'] },
    { from: 'three', names: ['E'] },
    { from: 'node:http', names: ['F'] },
    { from: './four.js', names: [] },
  ]);
  expect(['@scope/one/part', 'two/part'].map(packageOf)).toEqual(['@scope/one', 'two']);
  const page = 'Run `npm install --save-dev @scope/one@^1 two`.\n';
  expect(installedBy(page)).toEqual(['@scope/one', 'two']);
});

test('what the type checker refuses is found', { timeout: 60_000 }, () => {
  const code =
    "import { annotate } from 'opentelemetry-matomo';\nannotate({ action: 'Checkout' });\n";
  const wrong = {
    page: 'docs/wrong.md',
    source: undefined,
    isContinued: false,
    code,
    firstLine: '',
  };
  expect(typeErrorsIn([wrong])).toContain("'action' does not exist");
});

/** What `tsc` says of each block as a module of its own; lines begin with the page and the number of the block. */
function typeErrorsIn(blocks: readonly CodeBlock[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [i, { page, code }] of blocks.entries()) {
    writeFileSync(join(folder, `${page.replaceAll(/[/\\]/g, '-')}-${i + 1}.mts`), code);
  }
  const { compilerOptions } = JSON.parse(read('tsconfig.json')) as {
    compilerOptions: Record<string, unknown>;
  };
  const { rootDir, outDir, declaration, isolatedDeclarations, ...strictness } = compilerOptions;
  const paths = {
    'opentelemetry-matomo': [join(ROOT, 'src/index.ts')],
    'opentelemetry-matomo/gateway': [join(ROOT, 'src/gateway/index.ts')],
  };
  const project = {
    compilerOptions: { ...strictness, noEmit: true, skipLibCheck: true, paths },
    include: ['*.mts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' }).stdout;
}
