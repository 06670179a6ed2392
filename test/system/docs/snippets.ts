import type { CodeBlock } from './pages.js';

interface Import {
  /** As in the code: a package with or without a part of it, `node:…`, or a path. */
  readonly from: string;
  readonly names: readonly string[];
}

const STATEMENT =
  /^\s*(?:import\s+(?:type\s+)?([^'";]+?)\s+from\s+|import\s+|(?:const|let)\s+([^=;]+?)\s+=\s+(?:await\s+import\(|require\(|createRequire\(import\.meta\.url\)\()|require\()['"]([^'"]+)['"]/gm;

/** Imports of every form: `import`, `await import()`, and `require()`. */
export function importsIn(code: string): Import[] {
  return [...code.matchAll(STATEMENT)].map(([, imported, assigned, from = '']) => ({
    from,
    names: namesIn(imported ?? assigned ?? ''),
  }));
}

/** Names that the source of a block imports from packages, and that the block uses without an import of its own. */
export function missingImports(code: string, source: string, earlier: string): string[] {
  const imported = new Set(importsIn(`${earlier}\n${code}`).flatMap(({ names }) => names));
  return importsIn(source)
    .filter(({ from }) => !from.startsWith('.'))
    .flatMap(({ names }) => names)
    .filter((name) => !imported.has(name) && isUsed(name, code));
}

/** The code of earlier blocks that a block marked `continued` goes on from: those of the same page and source. */
export function earlierCode(block: CodeBlock, blocks: readonly CodeBlock[]): string {
  if (!block.isContinued) return '';
  const earlier = blocks.slice(0, blocks.indexOf(block));
  return earlier
    .filter(({ page, source }) => page === block.page && source === block.source)
    .map(({ code }) => code)
    .join('\n');
}

/** Packages that the `npm install …` commands of a page name, without their versions. */
export function installedBy(page: string): string[] {
  return [...page.matchAll(/\bnpm install ([^\n`#;&|]+)/g)]
    .flatMap(([, names = '']) => names.trim().split(/\s+/))
    .filter((name) => !name.startsWith('-'))
    .map((name) => name.replace(/(?<=.)@[^/]*$/, ''));
}

/** Whether the paragraphs of a block stand in this order in its source. It may import fewer names than its source does. */
export function isExcerpt(code: string, source: string): boolean {
  const known = importsIn(source);
  let at = 0;
  for (const paragraph of code.trim().split(/\n\n+/)) {
    if (isOfImports(paragraph)) {
      if (!importsIn(paragraph).every((each) => includes(known, each))) return false;
      continue;
    }
    const found = source.indexOf(paragraph, at);
    if (found < 0) return false;
    at = found + paragraph.length;
  }
  return true;
}

function isOfImports(paragraph: string): boolean {
  return paragraph.split('\n').every((line) => importsIn(line).length > 0);
}

function includes(known: readonly Import[], { from, names }: Import): boolean {
  const found = known.filter((each) => each.from === from).flatMap((each) => each.names);
  return known.some((each) => each.from === from) && names.every((name) => found.includes(name));
}

/** The package of a specifier: `@hono/otel` of `@hono/otel/part`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function namesIn(clause: string): string[] {
  return clause
    .split(/[{},]/)
    .map((part) => part.trim().replace(/^type\s+/, ''))
    .map((part) => part.split(/\s+as\s+|\s*:\s*/).at(-1) as string)
    .filter((name) => name !== '');
}

function isUsed(name: string, code: string): boolean {
  const bare = code.replaceAll(/'[^'\n]*'|"[^"\n]*"|(?<!:)\/\/.*/g, '');
  return new RegExp(`(?<![.\\w$])${name}\\b(?!\\s*:)`).test(bare);
}
