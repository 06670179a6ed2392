import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

interface CommitTitles {
  problemWith(title: string): string | undefined;
}

const { problemWith } = (await import(`${ROOT}scripts/commit-titles.mjs`)) as CommitTitles;

test.each([
  'fix(spool): release the lease before closing',
  'feat!: require Node.js 22',
  'refactor(gateway)!: rename an option',
  'docs: say what a token may do',
  'Merge branch "main" into topic',
  'Revert "fix(spool): release the lease"',
])('"%s" is a valid title', (title) => {
  expect(problemWith(title)).toBeUndefined();
});

test.each([
  'Fix the spool',
  'fix:no space',
  'fix(Spool): upper case',
  'improve: an unknown type',
  `fix: ${'long '.repeat(30)}`,
])('"%s" is not', (title) => {
  expect(problemWith(title)).toEqual(expect.any(String));
});
