import { expect, test } from 'vitest';
import { visitorOfCookie } from '../../../src/hit/visitor/visitor-cookie.js';

test.each([
  ['_pk_id.1.1fff=0123456789abcdef.1700000000.; x=y', '0123456789abcdef'],
  ['a=b; _pk_id.1=0123456789ABCDEF', '0123456789abcdef'],
  ['_pk_id.2.1fff=0123456789abcdef.1', undefined],
  ['x_pk_id.1.1fff=0123456789abcdef.1', undefined],
  ['_pk_id.1.1fff=0123456789abcde', undefined],
  ['_pk_id.1.1fff=0123456789abcdef0', undefined],
  [undefined, undefined],
])('the cookies %s name the visitor %s', (cookies, visitor) => {
  expect(visitorOfCookie(cookies, 1)).toBe(visitor);
});
