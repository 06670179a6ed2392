import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { maskAddress } from '../../src/hit/mask-address.js';

test.each([
  ['192.0.2.10', ['192.0.2.10', '192.0.2.0', '192.0.0.0', '192.0.0.0', '0.0.0.0']],
  ['198.51.100.7', ['198.51.100.7', '198.51.100.0', '198.51.0.0', '198.0.0.0', '0.0.0.0']],
  [
    '2001:db8:1:2:3:4:5:6',
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', '2001:db8:1::', '2001:db8::', '::'],
  ],
  ['2001:db8::1', ['2001:db8::1', '2001:db8:0:0::', '2001:db8:0::', '2001:db8::', '::']],
  ['::1', ['::1', '0:0:0:0::', '0:0:0::', '0:0::', '::']],
])('%s is masked to %j', (address, expected) => {
  const masked = [0, 1, 2, 3, 4].map((bytes) => maskAddress(address, bytes));
  expect(masked).toEqual(expected);
  expect(masked.map((text) => isIP(text) > 0)).toEqual([true, true, true, true, true]);
});
