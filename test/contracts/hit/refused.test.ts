import { expect, test } from 'vitest';
import { build, type Facts } from '../doors/build.js';

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const IPHONE = '/4.2.1 (iPhone; iOS 17.4; Scale/3.00)';
const electron = (name: string) =>
  `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${name}/1.2.3 Chrome/130.0.0.0 Electron/33.0.1 Safari/537.36`;
const android = (version: string) => `Dalvik/2.1.0 (Linux; Android ${version})`;
const mac = (patch: string) => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_${patch}) Safari/1`;
const hints = (more: object) => JSON.stringify({ brands: [{ brand: 'A', version: '1' }], ...more });
const n = (count: number, text = 'n') => text.repeat(count);
const ITEM = ['mug', 'Mug', ['Kitchen', 'Cups'], 9.5, 2];
const item = (...values: readonly unknown[]) =>
  JSON.stringify([values.concat(ITEM.slice(values.length))]);

type Row = readonly [name: string, value: string, sent: string | null];

/** A value with which a Matomo 5.2 with MariaDB in strict mode failed with the whole bulk, and what is sent instead; `null`: nothing. */
const BAD: readonly Row[] = [
  ...(
    [
      [
        `Acme Logistics Warehouse Inventory for Drivers${IPHONE}`,
        `Acme Logistics Warehouse Inventory for D${IPHONE}`,
      ],
      [`${n(5, '%E4%BD%A0')}${IPHONE}`, `${n(5, '%E4%BD%A0').slice(0, 40)}${IPHONE}`],
      [`App/1.0 ${n(60)}${IPHONE}`, `App/1.0 ${n(36)}${IPHONE}`],
      [electron(`${n(60)}-desktop`), electron(`${n(40)}-desktop`)],
      [`AppVersion/1.0 x appname/${n(41)}`, `AppVersion/1.0 x appname/${n(40)}`],
      [android(n(101, '9')), android(n(100, '9'))],
      [mac(n(150, '1')), mac(n(97, '1'))],
      [android('9; Phone 😀'), android('9; Phone ')],
    ] as const
  ).map(([value, sent]): Row => ['ua', value, sent]),
  ['uadata', hints({ platformVersion: n(101, '9') }), hints({ platformVersion: n(100, '9') })],
  ['uadata', hints({ platformVersion: '😀1' }), hints({ platformVersion: '1' })],
  ['uadata', hints({ model: 'Phone 😀' }), hints({ model: 'Phone' })],
  ...[{ brands: 'A' }, { brands: {} }, { formFactors: 'Desktop' }, { model: ['x'] }].map(
    (wrong): Row => ['uadata', hints(wrong), null],
  ),
  ...'e_n c_p c_t c_i _pks _pkn _pkc'.split(' ').map((name): Row => [name, n(4097), n(4096)]),
  ['ec_items', item(n(4097)), item(n(4096))],
  ['ec_items', item('mug', 'Mug', [n(4097)]), item('mug', 'Mug', [n(4096)])],
  ['ec_items', item(['mug']), item('')],
  ['ec_items', item('mug', 'Mug', [['Kitchen']]), item('mug', 'Mug', [''])],
  ['ec_items', item('mug', 'Mug', 'Kitchen', { amount: 9 }), item('mug', 'Mug', 'Kitchen', '')],
  ...'search_count=4294967296 e_v=1e999 _pkp=1e999 lat=1e9 long=east pv_id=😀 ca=1'
    .split(' ')
    .map((pair): Row => [...(pair.split('=') as [string, string]), null]),
];

/** What Matomo stores, and is sent as it is. */
const GOOD: readonly Row[] = (
  [
    ['ua', `${n(40)}${IPHONE}`],
    ['ua', electron(`${n(40)}-desktop`)],
    ['ua', `${n(60)} without a slash`],
    ['ua', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) Mobile/15E148 Safari/604.1'],
    ['ua', 'Mozilla/5.0 (KHTML; compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)'],
    ['uadata', hints({ mobile: true, model: 'é'.repeat(100), platformVersion: n(100, '9') })],
    ['uadata', hints({ platform: 'Linux', formFactors: ['Desktop'] })],
    ['search_count', '4294967295'],
    ['ec_items', item(7, n(4096), n(4096))],
    ['ec_items', item('mug', '😀')],
  ] as const
).map(([name, value]): Row => [name, value, value]);

/** What makes a hit have other parameters, too. */
const BESIDE: Readonly<Record<string, object>> = {
  e_n: { e_c: 'c', e_a: 'a' },
  ec_items: { idgoal: 0, ec_id: '1', revenue: 1 },
};

const parametersOf = (facts: Facts, options = {}) => build(facts, options).hits[0]?.parameters;

test.each([...BAD, ...GOOD])('%s = %j is sent as %j', (name, value, sent) => {
  const facts: Facts = { calls: [['annotate', { ...BESIDE[name], [name]: value }]] };
  expect(parametersOf(facts, TOKEN)?.[name] ?? null).toBe(sent);
});

const header = (text: string) => Buffer.from(text).toString('latin1');

test.each([...BAD, ...GOOD].filter(([name]) => name === 'ua'))(
  '%s = %j of a client is sent as %j',
  (_name, value, sent) => {
    expect(parametersOf({ headers: { 'user-agent': header(value) } })?.ua).toBe(sent);
  },
);

test.each([
  [{ 'platform-version': n(101, '9') }, { platformVersion: n(100, '9') }],
  [{ 'platform-version': '😀1' }, { platformVersion: '1' }],
  [{ model: n(101) }, { model: n(100) }],
  [{ model: 'Phone 😀' }, { model: 'Phone' }],
])('client hints %j of a client are sent as %j', (given, sent) => {
  const headers = Object.entries(given).map(([name, value]) => [
    `sec-ch-ua-${name}`,
    header(JSON.stringify(value)),
  ]);
  const facts = { headers: { 'sec-ch-ua': '"A";v="1"', ...Object.fromEntries(headers) } };
  expect(parametersOf(facts)?.uadata).toBe(hints(sent));
});
