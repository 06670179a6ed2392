import { expect, test } from 'vitest';
import { coded, MESSAGE_CODES, splitCode } from '../../../src/common/messages.js';
import { read } from './pages.js';

const headings = [...read('docs/messages.md').matchAll(/^### (.*)$/gm)].map(([, text]) => text);

test('each code has its section, and each section a code', () => {
  expect(headings).toHaveLength(MESSAGE_CODES.length);
  expect(new Set(headings)).toEqual(new Set(MESSAGE_CODES));
});

test('a code is taken off as it was put on', () => {
  expect(splitCode(coded('clock', 'late [by an hour]'))).toEqual({
    text: 'late [by an hour]',
    code: 'clock',
  });
  expect(splitCode('no [code]')).toMatchObject({ code: undefined });
});
