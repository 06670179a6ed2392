import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

type Names = Readonly<Record<string, string>>;

const { publicNames, compareNames, readList } = (await import(
  pathToFileURL(join(ROOT, 'scripts/public-names.mjs')).href
)) as {
  publicNames: (root: string) => Promise<Names>;
  compareNames: (listed: Names, built: Names) => { broken: string[]; added: string[] };
  readList: (root: string) => Names;
};

const listed = readList(ROOT);
const built = await publicNames(ROOT);

test('no name that users depend on is removed or changes its meaning', () => {
  expect(compareNames(listed, built).broken).toEqual([]);
});

test('every public name is in the list', () => {
  const { added } = compareNames(listed, built);
  expect(added, 'run `npm run public-names`').toEqual([]);
});

test('the list has names of every kind', () => {
  const kinds = Object.keys(listed).map((name) =>
    name.replace(
      /^(export \S+ |Redis key |spool file |gateway option |tracking parameter ).*|^(\w+ ).*/,
      '$1$2',
    ),
  );
  expect([...new Set(kinds.map((kind) => kind.trim()))].sort()).toEqual([
    'Redis key',
    'attribute',
    'command',
    'entry',
    'environment',
    'export opentelemetry-matomo',
    'export opentelemetry-matomo/gateway',
    'export opentelemetry-matomo/testing',
    'flag',
    'gateway option',
    'message',
    'metric',
    'option',
    'spool file',
    'statistic',
    'tracking parameter',
  ]);
});

test('a removed, a changed and a new name are told apart', () => {
  const { 'option url': _url, ...rest } = built;
  const changed = {
    ...rest,
    'option query': 'MATOMO_QUERY, default "keep"',
    'option new': 'MATOMO_NEW',
  };
  const { broken, added } = compareNames(built, changed);
  expect(broken).toEqual([
    expect.stringMatching(/^removed: option url \(MATOMO_URL/),
    expect.stringMatching(/^changed: option query .*"redact".*"keep"\)$/),
  ]);
  expect(added).toEqual(['added: option new (MATOMO_NEW)']);
});
