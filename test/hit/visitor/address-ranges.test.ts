import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { createTrust } from '../../../src/hit/visitor/forwarded-origin.js';

test.each([
  ...['1.2.3.4', '::1', '::ffff:1.2.3.4', 'fe80::1%eth0', 'abc', '', '1.2.3', '01.2.3.4'],
  ...['1.2.3.4.5', '1.2.3.4 ', ' ::1', '1:2', '::1%', '1.2.3.4%', 'fe80::1%eth0%'],
])('%j is accepted as a proxy if it is an address', (address) => {
  const create = () => createTrust([address]);
  if (isIP(address) === 0) expect(create).toThrow(new Error(address));
  else expect(create()(address, 0)).toBe(true);
});

test.each(['10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/33', 'abc/8', '::1%/8'])(
  '%j is rejected as a range',
  (range) => {
    expect(() => createTrust([range])).toThrow(new Error(range));
  },
);
