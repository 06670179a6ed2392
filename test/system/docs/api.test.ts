import { expect, test } from 'vitest';
import { read } from './pages.js';

const ENTRIES = ['src/index.ts', 'src/gateway/index.ts', 'src/inspector/index.ts'];

test.each(ENTRIES)('every export of %s has a heading in the API reference', (entry) => {
  const names = exportsOf(read(entry));
  expect(names.length).toBeGreaterThan(3);
  const headings = [...read('docs/api.md').matchAll(/^#### (\S+)$/gm)].map(([, heading = '']) =>
    heading.replace('()', '').replaceAll('\\', ''),
  );
  expect(names.filter((name) => !headings.includes(name))).toEqual([]);
});

function exportsOf(source: string): string[] {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)];
  return lists.flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) => name.replace(/^\s*(?:type )?/, '').trim())
      .filter((name) => name !== ''),
  );
}
