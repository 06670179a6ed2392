import { expect, test } from 'vitest';
import { decodeText } from '../../../src/hit/page/url-pairs.js';

test.each([
  ['plain', 'plain'],
  ['red+shoes%21', 'red shoes!'],
  ['caf%C3%A9', 'café'],
  ['%e4%ba%a7%e5%93%81', '产品'],
  ['%u0041%U0042%75', '%u0041%U0042u'],
  ['caf%E9', 'café'],
  ['%C3%A9%E9', 'Ã©é'],
  ['100%+%41', '100% A'],
  ['%zz%41', '%zzA'],
  ['\u00c3\u00a9%20', 'é '],
  ['产%20品', '产 品'],
])('%s is decoded to %s: as UTF-8 if it is, else as Latin-1', (text, decoded) => {
  expect(decodeText(text)).toBe(decoded);
});
