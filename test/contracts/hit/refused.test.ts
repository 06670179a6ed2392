import { expect, test } from 'vitest';
import { build, type Facts } from '../doors/build.js';

type Parameters = Readonly<Record<string, string>>;

const FOUR_BYTES = /[\u{10000}-\u{10ffff}]/u;
const isText = (value: unknown) => value === undefined || typeof value === 'string';
const isList = (value: unknown) => value === undefined || Array.isArray(value);

/** Names and versions that Matomo finds in a user agent, with the size of their columns. */
const FOUND: readonly (readonly [pattern: RegExp, max: number])[] = [
  [/([^/;]*)\/\d+\.[\d.]+ \((?:iPhone|iPad); (?:iOS|iPadOS) [\d.]+; Scale\/[\d.]+\)/, 40],
  [/ (?!AppleWebKit)([a-z\d]*)(?:-desktop|-electron-app)?\/\d+\.[\d.]+ .*Electron\//i, 40],
  [/AppVersion\/[\d.]+.+appname\/([^/; ]*)/i, 40],
  [/(?:Android |Mac OS X )([\d._]+)/, 100],
];

function isHintsRefused(json: string): boolean {
  const { brands, formFactors, model, platform, platformVersion } = JSON.parse(json);
  if (![brands, formFactors].every(isList)) return true;
  if (![model, platform, platformVersion].every(isText)) return true;
  const isLong = /^[1-9]/.test(platformVersion ?? '') && platformVersion.length > 100;
  return isLong || FOUR_BYTES.test(`${model} ${platformVersion}`);
}

/** Texts as PHP reads them: `trim` fails with anything else. */
function isItemRefused([sku, name, categories, price]: readonly unknown[]): boolean {
  const texts = [sku, name, ...[categories].flat()].filter((each) => typeof each !== 'number');
  if (!texts.every((each) => isText(each ?? '')) || typeof price === 'object') return true;
  return texts.some((each) => String(each ?? '').length > 4096);
}

const isAbove = (max: number) => (value: string) => !(Math.abs(Number(value)) <= max);
const isLonger = (value: string) => value.length > 4096;

/** The rules by which a Matomo 5.2 with MariaDB in strict mode failed with the whole bulk. */
const REFUSED: Readonly<Record<string, (value: string) => boolean>> = {
  ua: (value) =>
    FOUR_BYTES.test(value) ||
    FOUND.some(([pattern, max]) => (pattern.exec(value)?.[1] ?? '').length > max),
  uadata: isHintsRefused,
  ec_items: (value) => JSON.parse(value).filter(Array.isArray).some(isItemRefused),
  search_count: isAbove(4_294_967_295),
  ...Object.fromEntries(
    'e_c e_a e_n c_n c_p c_t c_i _pks _pkn _pkc'.split(' ').map((name) => [name, isLonger]),
  ),
  e_v: isAbove(Number.MAX_VALUE),
  _pkp: isAbove(Number.MAX_VALUE),
  lat: isAbove(1e8),
  long: isAbove(1e8),
  pv_id: (value) => FOUR_BYTES.test(value),
  ca: (value) => value === '1',
};

function refusedIn(parameters: Parameters): string[] {
  return Object.keys(parameters).filter((name) => REFUSED[name]?.(parameters[name] as string));
}

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const IPHONE = '/4.2.1 (iPhone; iOS 17.4; Scale/3.00)';
const electron = (name: string) =>
  `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${name}/1.2.3 Chrome/130.0.0.0 Electron/33.0.1 Safari/537.36`;
const hints = (more: object) => JSON.stringify({ brands: [{ brand: 'A', version: '1' }], ...more });
const n = (count: number, text = 'n') => text.repeat(count);
const ITEM = ['mug', 'Mug', ['Kitchen', 'Cups'], 9.5, 2];
const item = (...values: readonly unknown[]) =>
  JSON.stringify([values.concat(ITEM.slice(values.length))]);

/** A parameter, a value that Matomo refuses, and what is sent instead; `null`: nothing. */
const BAD: readonly (readonly [name: string, value: string, sent: string | null])[] = [
  [
    'ua',
    `Acme Logistics Warehouse Inventory for Drivers${IPHONE}`,
    `Acme Logistics Warehouse Inventory for D${IPHONE}`,
  ],
  ['ua', `${n(41)}${IPHONE}`, `${n(40)}${IPHONE}`],
  ['ua', `${n(5, '%E4%BD%A0')}${IPHONE}`, `${n(5, '%E4%BD%A0').slice(0, 40)}${IPHONE}`],
  ['ua', `App/1.0 ${n(60)}${IPHONE}`, `App/1.0 ${n(36)}${IPHONE}`],
  ['ua', electron(n(41)), electron(n(40))],
  ['ua', electron(`${n(60)}-desktop`), electron(`${n(40)}-desktop`)],
  ['ua', `AppVersion/1.0 x appname/${n(41)}`, `AppVersion/1.0 x appname/${n(40)}`],
  [
    'ua',
    `Dalvik/2.1.0 (Linux; Android ${n(101, '9')})`,
    `Dalvik/2.1.0 (Linux; Android ${n(100, '9')})`,
  ],
  [
    'ua',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_${n(150, '1')}) Safari/1`,
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_${n(97, '1')}) Safari/1`,
  ],
  ['ua', 'Dalvik/2.1.0 (Linux; Android 9; Phone 😀)', 'Dalvik/2.1.0 (Linux; Android 9; Phone )'],
  ['uadata', hints({ platformVersion: n(101, '9') }), hints({ platformVersion: n(100, '9') })],
  ['uadata', hints({ platformVersion: '😀1' }), hints({ platformVersion: '1' })],
  ['uadata', hints({ model: 'Phone 😀' }), hints({ model: 'Phone' })],
  ['uadata', hints({ brands: 'A' }), null],
  ['uadata', hints({ brands: {} }), null],
  ['uadata', hints({ formFactors: 'Desktop' }), null],
  ...['platform', 'model', 'platformVersion'].map(
    (name) => ['uadata', hints({ [name]: ['x'] }), null] as const,
  ),
  ['search_count', '5e9', null],
  ['search_count', '4294967296', null],
  ...'e_n c_p c_t c_i _pks _pkn _pkc'.split(' ').map((name) => [name, n(4097), n(4096)] as const),
  ['ec_items', item(n(4097)), item(n(4096))],
  ['ec_items', item('mug', n(4097)), item('mug', n(4096))],
  ['ec_items', item('mug', 'Mug', [n(4097)]), item('mug', 'Mug', [n(4096)])],
  ['ec_items', item('mug', 'Mug', n(4097)), item('mug', 'Mug', n(4096))],
  ['ec_items', item(['mug']), item('')],
  ['ec_items', item('mug', { de: 'Becher' }), item('mug', '')],
  ['ec_items', item('mug', 'Mug', [['Kitchen']]), item('mug', 'Mug', [''])],
  ['ec_items', item('mug', 'Mug', 'Kitchen', { amount: 9 }), item('mug', 'Mug', 'Kitchen', '')],
  ['e_v', '1e999', null],
  ['_pkp', '1e999', null],
  ['lat', '1e9', null],
  ['long', 'east', null],
  ['pv_id', '😀', null],
  ['ca', '1', null],
];

/** What Matomo stores, and is sent as it is. */
const GOOD: readonly (readonly [name: string, value: string])[] = [
  ['ua', `${n(40)}${IPHONE}`],
  ['ua', electron(n(40))],
  ['ua', electron(`${n(40)}-desktop`)],
  ['ua', `Dalvik/2.1.0 (Linux; Android ${n(100, '9')})`],
  ['ua', `${n(60)} without a slash`],
  [
    'ua',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Mobile/15E148 Safari/604.1',
  ],
  [
    'ua',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)',
  ],
  ['uadata', hints({ mobile: true, model: 'é'.repeat(100), platformVersion: n(100, '9') })],
  ['uadata', hints({ platform: 'Linux', formFactors: ['Desktop'] })],
  ['search_count', '4294967295'],
  ['e_n', n(4096)],
  ['ec_items', item('mug')],
  ['ec_items', item(7, n(4096), n(4096))],
  ['ec_items', item('mug', '😀')],
  ['lat', '89.5'],
  ['pv_id', 'abcdef'],
];

/** What makes a hit have other parameters, too. */
const BESIDE: Readonly<Record<string, object>> = {
  e_n: { e_c: 'c', e_a: 'a' },
  ec_items: { idgoal: 0, ec_id: '1', revenue: 1 },
};

/** The page view of a request, of which the application has set a parameter. */
function setByCaller(name: string, value: string): Parameters {
  const parameters = { ...BESIDE[name], [name]: value };
  const facts: Facts = { calls: [['annotate', parameters]] };
  return build(facts, TOKEN).hits[0]?.parameters ?? {};
}

test.each(BAD)('%s = %j is refused by Matomo, and not sent', (name, value, sent) => {
  expect(refusedIn({ [name]: value })).toEqual([name]);
  const parameters = setByCaller(name, value);
  expect(refusedIn(parameters)).toEqual([]);
  const ofRequest = name === 'ua' ? 'curl/8.5.0' : null;
  expect(parameters[name] ?? null).toBe(sent ?? ofRequest);
});

test.each(GOOD)('%s = %j is sent', (name, value) => {
  expect(refusedIn({ [name]: value })).toEqual([]);
  expect(setByCaller(name, value)[name]).toBe(value);
});

const header = (text: string) => Buffer.from(text).toString('latin1');

test.each([...BAD, ...GOOD].filter(([name]) => name === 'ua'))(
  '%s = %j comes from a client',
  (_name, value, sent: string | null = value) => {
    const [hit] = build({ headers: { 'user-agent': header(value) } }).hits;
    expect(refusedIn(hit?.parameters ?? {})).toEqual([]);
    expect(hit?.parameters.ua).toBe(sent);
  },
);

test.each([
  [{ 'platform-version': n(101, '9') }, { platformVersion: n(100, '9') }],
  [{ 'platform-version': n(100, '9') }, { platformVersion: n(100, '9') }],
  [{ 'platform-version': '😀1' }, { platformVersion: '1' }],
  [{ model: `${n(101)}` }, { model: n(100) }],
  [{ model: 'Phone 😀' }, { model: 'Phone' }],
])('client hints %j come from a client', (given, sent) => {
  const headers = Object.entries(given).map(([name, value]) => [
    `sec-ch-ua-${name}`,
    header(JSON.stringify(value)),
  ]);
  const facts = { headers: { 'sec-ch-ua': '"A";v="1"', ...Object.fromEntries(headers) } };
  const [hit] = build(facts).hits;
  expect(refusedIn(hit?.parameters ?? {})).toEqual([]);
  expect(hit?.parameters.uadata).toBe(hints(sent));
});

test.each([
  ['trackEvent', n(5000), n(5000), { uid: 'ann', name: n(5000) }],
  ['trackHit', { uid: 'ann', c_n: n(5000) }],
  ['trackOrder', { id: 1, revenue: 1, items: [{ sku: n(5000), name: n(5000) }] }, { uid: 'ann' }],
] as const)('texts of %s end where their columns do', (...call) => {
  const { hits } = build({ isOutside: true, calls: [call] });
  expect(hits.map(({ parameters }) => refusedIn(parameters))).toEqual([[]]);
});
