import { golden } from './golden.js';

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const forwarded = (
  trustProxy: boolean | number | readonly string[],
  headers: Readonly<Record<string, string>>,
  peer = '10.0.0.1',
  more = {},
) => ({
  name: `trustProxy ${JSON.stringify(trustProxy)}, ${JSON.stringify(headers)} from ${peer}`.slice(
    0,
    160,
  ),
  facts: { peer, headers, ...more },
  options: { ...TOKEN, trustProxy },
});
const FOR = 'x-forwarded-for';

golden([
  {
    ...forwarded(false, {
      [FOR]: '198.51.100.1',
      'x-forwarded-host': 'x.example',
      'x-forwarded-proto': 'http',
    }),
    page: { cip: '10.0.0.1' },
  },
  {
    ...forwarded(true, {
      [FOR]: '198.51.100.1, 10.0.0.2',
      'x-forwarded-host': 'x.example, y.example',
      'x-forwarded-proto': 'HTTP, https',
    }),
    page: { cip: '198.51.100.1', url: 'http://x.example/users/42' },
  },
  { ...forwarded(true, { 'x-forwarded-proto': 'https' }, '10.0.0.1'), page: { cip: '10.0.0.1' } },
  {
    ...forwarded(true, { 'x-forwarded-proto': 'ftp', 'x-forwarded-host': '' }),
    page: { cip: '10.0.0.1' },
  },
  { ...forwarded(1, { [FOR]: '198.51.100.1, 198.51.100.2' }), page: { cip: '198.51.100.2' } },
  { ...forwarded(2, { [FOR]: '198.51.100.1, 198.51.100.2' }), page: { cip: '198.51.100.1' } },
  { ...forwarded(3, { [FOR]: '198.51.100.1, 198.51.100.2' }), page: { cip: '198.51.100.1' } },
  {
    ...forwarded(['10.0.0.0/8'], { [FOR]: '198.51.100.1, 203.0.113.1, 10.0.0.2' }),
    page: { cip: '203.0.113.1' },
  },
  {
    ...forwarded(
      ['10.0.0.0/8'],
      { [FOR]: '198.51.100.1', 'x-forwarded-host': 'x.example' },
      '203.0.113.1',
    ),
    page: { cip: '203.0.113.1' },
  },
  {
    ...forwarded(['uniquelocal', 'loopback'], { [FOR]: '198.51.100.1, 192.168.1.1, 127.0.0.1' }),
    page: { cip: '198.51.100.1' },
  },
  {
    ...forwarded(['linklocal'], { [FOR]: '198.51.100.1' }, 'fe80::1%eth0'),
    page: { cip: '198.51.100.1' },
  },
  { ...forwarded(true, { [FOR]: 'unknown, 10.0.0.2' }), page: { cip: '10.0.0.2' } },
  {
    ...forwarded(true, { [FOR]: '"[2001:db8::1]:443", 10.0.0.2:80' }),
    page: { cip: '2001:db8::1' },
  },
  { ...forwarded(true, { [FOR]: ' , 198.51.100.1, ,' }), page: { cip: '198.51.100.1' } },
  { ...forwarded(true, { [FOR]: '::ffff:198.51.100.1' }), page: { cip: '198.51.100.1' } },
  {
    ...forwarded(true, { [FOR]: `1.1.1.1, ${'10.0.0.2, '.repeat(100)}` }),
    page: { cip: '10.0.0.2' },
  },
  { ...forwarded(1, {}), page: { cip: '10.0.0.1' } },
  { ...forwarded(true, { [FOR]: '198.51.100.1, unknown, 10.0.0.2' }), page: { cip: '10.0.0.2' } },
  {
    ...forwarded(['10.0.0.0/255.0.0.0'], { [FOR]: '198.51.100.1, 11.0.0.2' }),
    page: { cip: '11.0.0.2' },
  },
  {
    ...forwarded(true, { 'x-forwarded-host': 'localhost:3000' }),
    page: { cip: '10.0.0.1', url: 'http://localhost:3000/users/42' },
  },
  { ...forwarded(true, { [FOR]: '198.51.100.1' }, ''), page: { cip: '198.51.100.1' } },
  {
    ...forwarded(true, { [FOR]: '198.51.100.1' }, '10.0.0.1', { scheme: 'https' }),
    page: { cip: '198.51.100.1' },
  },
]);
