import { golden } from './golden.js';

const FOR = 'x-forwarded-for';
const HOST = 'x-forwarded-host';
const PROTO = 'x-forwarded-proto';
const TWO = { [FOR]: '198.51.100.1, 198.51.100.2' };
/** Behind as many addresses as are read. */
const FAR = `1.1.1.1, ${'10.0.0.2, '.repeat(100)}`;

// What a proxy says of the origin of a request. Headers without a name are of the client's address.
golden(
  (
    [
      [false, { [FOR]: '198.51.100.1', [HOST]: 'x.example', [PROTO]: 'http' }, '10.0.0.1'],
      [
        true,
        { [HOST]: 'x.example, y.example', [PROTO]: 'HTTP, https' },
        '10.0.0.1',
        'http://x.example',
      ],
      [true, { [HOST]: 'localhost:3000' }, '10.0.0.1', 'http://localhost:3000'],
      [true, { [PROTO]: 'ftp', [HOST]: '' }, '10.0.0.1'],
      [true, { [FOR]: '198.51.100.1, unknown, 10.0.0.2' }, '10.0.0.2'],
      [true, { [FOR]: '"[2001:db8::1]:443", 10.0.0.2:80' }, '2001:db8::1'],
      [true, { [FOR]: '::ffff:198.51.100.1' }, '198.51.100.1'],
      [true, { [FOR]: FAR }, '10.0.0.2'],
      [1, TWO, '198.51.100.2'],
      [2, TWO, '198.51.100.1'],
      [['10.0.0.0/8'], { [FOR]: '198.51.100.1, 203.0.113.1, 10.0.0.2' }, '203.0.113.1'],
      [['10.0.0.0/255.0.0.0'], { [FOR]: '198.51.100.1, 11.0.0.2' }, '11.0.0.2'],
      [['uniquelocal'], { [FOR]: '198.51.100.1, 192.168.1.1' }, '198.51.100.1'],
      [['203.0.113.1'], { [FOR]: '198.51.100.1', [HOST]: 'x.example' }, '10.0.0.1'],
    ] as const
  ).map(([trustProxy, headers, cip, origin = 'https://shop.example.org']) => ({
    name: `trustProxy ${JSON.stringify(trustProxy)}, ${JSON.stringify(headers).slice(0, 120)}`,
    facts: { peer: '10.0.0.1', headers },
    options: { tokenAuth: 'f'.repeat(32), trustProxy },
    page: { cip, url: `${origin}/users/42` },
  })),
);
