import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { maskAddress } from '../../../src/hit/visitor/addresses.js';
import { createTrust } from '../../../src/hit/visitor/forwarded-origin.js';
import { optionsFrom } from '../../support/options-from.js';
import { words } from '../../support/words.js';

test.each([
  ['192.0.2.10', '192.0.2.0 192.0.0.0 192.0.0.0 0.0.0.0'],
  ['198.51.100.7', '198.51.100.0 198.51.0.0 198.0.0.0 0.0.0.0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:: 2001:db8:1:: 2001:db8:: ::'],
  ['1:2::4:5:6:7:8', '1:2:0:4:: 1:2:0:: 1:2:: ::'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:: 0:2:3:: 0:2:: ::'],
  ['2001:db8::1', '2001:db8:0:0:: 2001:db8:0:: 2001:db8:: ::'],
  ['2002:c633:6407:1::1', '2002:c633:6400:1:: 2002:c633:0:: 2002:c600:: ::'],
  ['2001:0:c000:20a:0:0:39cc:9bf8', '2001:0:0:0:: 2001:0:0:: 2001:0:: ::'],
  ['64:ff9b::198.51.100.7', '64:ff9b:0:0:: 64:ff9b:0:: 64:ff9b:: ::'],
  ['::1', '0:0:0:0:: 0:0:0:: 0:0:: ::'],
])('%s is masked to %s', (address, expected) => {
  const masked = [0, 1, 2, 3, 4].map((bytes) => maskAddress(address, bytes));
  expect(masked).toEqual([address, ...words(expected)]);
  expect(masked.map((text) => isIP(text) > 0)).toEqual([true, true, true, true, true]);
});

test.each([
  ...['1.2.3.4', '::1', '::ffff:1.2.3.4', 'fe80::1%eth0', 'abc', '', '1.2.3', '01.2.3.4'],
  ...['1.2.3.4.5', '1.2.3.4 ', ' ::1', '1:2', '::1%', '1.2.3.4%', 'fe80::1%eth0%'],
])('%j is accepted as a proxy if it is an address', (address) => {
  const create = () => createTrust([address]);
  if (isIP(address) === 0) expect(create).toThrow(new Error(address));
  else expect(create()(address, 0)).toBe(true);
});

test.each([
  ...['10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/33', 'abc/8', '::1%/8'],
  ...['10.0.0.0/0x8', '10.0.0.0/8.0', '10.0.0.0/1e1', '10.0.0.0/+8', '10.0.0.0/ 8', '::1/129'],
  ...['10.0.0.0/255.0.255.0', '10.0.0.0/0.0.0.0', '10.0.0.0/0.0.0.255', '10.0.0.0/255.0.0.1'],
  ...['10.0.0.0/255.0.0', '10.0.0.0/255.0.0.0.0', '10.0.0.0/256.0.0.0', '10.0.0.0/255.0.0.0/8'],
  // Express rejects netmasks of IPv6, too.
  ...['fe80::/ffc0::', 'fe80::/255.0.0.0', '10.0.0.0/ffff::', '::ffff:10.0.0.0/255.0.0.0'],
])('%j is rejected as a range', (range) => {
  expect(() => createTrust([range])).toThrow(new Error(range));
  for (const name of ['trustProxy', 'ignoreAddresses']) {
    const wanted = `${name} must be a list of IP addresses`;
    expect(() => optionsFrom({}, { [name]: [range] })).toThrow(wanted);
  }
});

test.each([
  ['10.0.0.0/255.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['10.1.2.3/255.0.0.0', '10.9.9.9', '9.255.255.255'],
  ['192.168.4.0/255.255.252.0', '192.168.7.255', '192.168.8.0'],
  ['198.51.100.0/255.255.255.254', '198.51.100.1', '198.51.100.2'],
  ['198.51.100.7/255.255.255.255', '198.51.100.7', '198.51.100.8'],
  ['128.0.0.0/128.0.0.0', '255.0.0.1', '127.0.0.1'],
])('%s contains %s, but not %s', (range, inside, outside) => {
  const isTrusted = createTrust([range]);
  expect([inside, outside].map((address) => isTrusted(address, 1))).toEqual([true, false]);
  const { options } = optionsFrom({
    MATOMO_TRUST_PROXY: `loopback, ${range}`,
    MATOMO_IGNORE_ADDRESSES: range,
  });
  expect(options).toMatchObject({ trustProxy: ['loopback', range], ignoreAddresses: [range] });
});
