import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/child-process.js';

/** Every page that a reader can come to, by its path from the root. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'test/README.md',
  'SECURITY.md',
  'GOVERNANCE.md',
  'CODE_OF_CONDUCT.md',
  'CHANGELOG.md',
  '.changeset/README.md',
  ...pagesBelow('docs'),
  ...pagesBelow('examples'),
];

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Targets of links that stay in the repository. */
export function linksOf(page: string): string[] {
  const prose = read(page).replace(/```.*?```/gs, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

export type CodeBlock = ReturnType<typeof codeBlocksOf>[number];

/** JavaScript and TypeScript of a page, and the files that they say they are from. */
export function codeBlocksOf(page: string) {
  const fenced = read(page).matchAll(
    /(?:<!-- from (\S+?)(?:, continued)? -->\n)?```(?:js|ts|mjs)\n(.*?)```/gs,
  );
  return [...fenced].map(([, source, code = '']) => ({
    page,
    source,
    code,
    firstLine: code.trim().split('\n', 1)[0] as string,
  }));
}

/** Rows of a page's tables that have a column of this name: all cells, by the names of their columns. */
export function rowsWith(page: string, column: string): Record<string, string>[] {
  const tables = read(page).match(/^\|.*\n\|[-| ]+\n(?:\|.*\n)*/gm) ?? [];
  return tables.flatMap((table) => {
    const [heads = [], , ...rows] = table.trim().split('\n').map(cellsOf);
    if (!heads.includes(column)) return [];
    return rows.map((cells) => Object.fromEntries(heads.map((head, i) => [head, cells[i] ?? ''])));
  });
}

/** What stands in backticks. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function cellsOf(row: string): string[] {
  const cells = row.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim());
}

function pagesBelow(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /^(?!.*node_modules).*\.md$/.test(path));
}
