import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coded, MESSAGE_CODES, splitCode } from '../../../src/common/messages.js';
import { ROOT } from '../../support/child-process.js';
import { read } from './pages.js';

const headings = [...read('docs/messages.md').matchAll(/^### (.*)$/gm)].map(([, text]) => text);

/** All of the sources, but for the list of codes. */
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== 'messages.ts')
  .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'));

test('each code has its section, and each section a code', () => {
  expect(headings).toHaveLength(MESSAGE_CODES.length);
  expect(new Set(headings)).toEqual(new Set(MESSAGE_CODES));
});

test('each code is said somewhere', () => {
  const unsaid = MESSAGE_CODES.filter(
    (code) => !sources.some((text) => text.includes(`'${code}'`)),
  );
  expect(unsaid).toEqual([]);
});

test('whatever is said has a code', () => {
  const call = /\.(?:warn|error|warnOnce)\(\s*(?!\))/g;
  const bare = sources.flatMap((text) =>
    [...text.matchAll(call)]
      .map(({ index }) => text.slice(index, index + 160))
      .filter((said) => !/coded\(|message/.test(said)),
  );
  expect(bare).toEqual([]);
});

test('a code is taken off as it was put on', () => {
  expect(splitCode(coded('clock', 'late [by an hour]'))).toEqual({
    text: 'late [by an hour]',
    code: 'clock',
  });
  expect(splitCode('no [code]')).toMatchObject({ code: undefined });
});
