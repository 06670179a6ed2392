import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type CodeBlock, codeBlocksOf, PAGES, read } from './pages.js';

const pages = ['README.md', ...PAGES.filter((page) => page.startsWith('docs/'))];
// A block that names its source runs there, in a test or in the matrix.
const codeBlocks = pages.flatMap(codeBlocksOf).filter(({ source }) => source === undefined);

test('the code in docs passes the type checker against the sources', () => {
  expect(codeBlocks.length).toBeGreaterThan(2);
  expect(typeErrorsIn(codeBlocks)).toBe('');
});

/** What `tsc` says of each block as a module of its own; lines begin with the page and the number of the block. */
function typeErrorsIn(blocks: readonly CodeBlock[]): string {
  const folder = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [i, { page, code }] of blocks.entries()) {
    writeFileSync(join(folder, `${page.replaceAll(/[/\\]/g, '-')}-${i + 1}.mts`), code);
  }
  const { rootDir, outDir, declaration, isolatedDeclarations, ...strictness } = JSON.parse(
    read('tsconfig.json'),
  ).compilerOptions;
  const paths = {
    'opentelemetry-matomo': [join(ROOT, 'src/index.ts')],
    'opentelemetry-matomo/gateway': [join(ROOT, 'src/gateway/index.ts')],
  };
  // Nest's decorators are those of TypeScript.
  const flags = { noEmit: true, skipLibCheck: true, experimentalDecorators: true };
  const project = { compilerOptions: { ...strictness, ...flags, paths }, include: ['*.mts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' }).stdout;
}
