import { words } from '../../support/words.js';
import { golden } from './golden.js';

const LONG = 'y'.repeat(5000);
const LONGEST = JSON.stringify([['sk', 1], ...Array(3199).fill(['sku', 1])]);
const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const set = (parameters: Readonly<Record<string, unknown>>, options = {}) => ({
  name: Object.entries(parameters)
    .map(
      ([name, value]) =>
        `${name} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
    )
    .join(', ')
    .slice(0, 120),
  facts: { calls: [['annotate', parameters]] as const },
  options,
});

golden([
  {
    ...set({ idsite: '7', new_visit: true, res: '1280x1024', h: 23, m: 59, s: 0, cookie: '1' }),
    page: { idsite: '7', new_visit: '1', res: '1280x1024', h: '23', m: '59', s: '0', cookie: '1' },
  },
  { ...set({ h: 1.5, m: '7', s: ' ' }), page: { m: '7' }, problems: ['parameter-invalid'] },
  {
    ...set({
      _rcn: 'c',
      _rck: 'k',
      _ref: 'https://u:p@ref.example/',
      _refts: 1_700_000_000,
    }),
    page: { _rcn: 'c', _rck: 'k', _ref: 'https://ref.example/', _refts: '1700000000' },
  },
  {
    ...set({ pv_id: 'abcdefgh', search_cat: 'é'.repeat(150) }),
    page: { pv_id: 'abcdef', search_cat: 'é'.repeat(100) },
  },
  { ...set({ res: '10000x10000' }), page: { res: '10000x100' } },
  {
    ...set({
      idgoal: 0,
      ec_id: 7,
      ec_items: '[]',
      revenue: '1.50',
      ec_st: 1e15,
      ec_tx: -1e15,
      ec_sh: 0,
      ec_dt: 1e15 + 1,
    }),
    page: {
      idgoal: '0',
      ec_id: '7',
      ec_items: '[]',
      revenue: '1.5',
      ec_st: '1000000000000000',
      ec_tx: '-1000000000000000',
      ec_sh: '0',
    },
    problems: ['parameter-invalid'],
  },
  {
    ...set({ ec_items: LONGEST, uadata: `{"brands":[]${' '.repeat(16_372)}}` }),
    page: { ec_items: LONGEST },
    problems: ['parameter-invalid'],
  },
  {
    ...set({ _pkc: 'a', _pkp: 1.5, _pks: 7, _pkn: 'n' }),
    page: { _pkc: 'a', _pkp: '1.5', _pks: '7', _pkn: 'n' },
  },
  ...(
    [
      ['e_c e_a e_n', 4096],
      ['c_n c_p c_t c_i', 4096],
      ['_pkc _pks _pkn', 4096],
      ['search', 1024],
      ['ec_id', 100],
      ['_rck _rcn', 255],
    ] as const
  ).map(([names, length]) => ({
    ...set(Object.fromEntries(words(names).map((name) => [name, LONG]))),
    page: Object.fromEntries(words(names).map((name) => [name, LONG.slice(0, length)])),
  })),
  ...['urlref', 'link', 'url'].map((name) => ({
    ...set({ [name]: `https://x.example/${'y/'.repeat(600)}` }),
    page: { [name]: `https://x.example/${'y/'.repeat(503)}` },
  })),
  {
    ...set({ city: LONG, region: LONG }, TOKEN),
    page: { cip: '192.0.2.10', city: 'y'.repeat(255), region: 'yyy' },
  },
  // The biggest and smallest numbers, and those next to them.
  ...(
    [
      ['search_count idgoal _refts idsite bw_bytes', 4_294_967_295, 4_294_967_296],
      ['cdo', 631_152_000, 631_152_001],
      ['e_v revenue', -1e15, -1.1e15],
      ['http_status', 599, 600],
      ['http_status', 100, 99],
      ['_refts', 0, -1],
    ] as const
  ).flatMap(([names, fitting, other]) => [
    {
      ...set(Object.fromEntries(words(names).map((name) => [name, fitting]))),
      page: Object.fromEntries(words(names).map((name) => [name, String(fitting)])),
    },
    ...words(names).map((name) => ({
      ...set({ [name]: other }),
      problems: ['parameter-invalid'],
    })),
  ]),
  {
    ...set({ ping: 0, bots: false, source: 's'.repeat(60) }),
    page: { bots: '0', ping: '0', source: 's'.repeat(50) },
  },
  {
    ...set({ gt_ms: 12.6, pf_net: '3.4', pf_onl: 16_777_215, pf_tfr: 16_777_216 }),
    page: { gt_ms: '13', pf_srv: '0', pf_net: '3', pf_onl: '16777215' },
    problems: ['parameter-invalid'],
  },
  {
    ...set({ dimension1: 'x'.repeat(260), dimension999: true, dimension2: 0, dimension3: false }),
    page: {
      dimension1: 'x'.repeat(250),
      dimension999: 'true',
      dimension2: '0',
      dimension3: 'false',
    },
  },
  // Reserved, unknown, or invalid.
  ...[
    { dimension0: 'x', dimension1000: 'x', dimension01: 'x' },
    { dimension1: null, dimension2: {}, dimension3: ['a'], dimension4: Number.NaN, dimension5: '' },
    { action_nmae: 'x', token_auth: 'x' },
    { rec: 0, apiv: 2, rand: 'x', ca: 1, send_image: 1, recMode: 1, ai_s: 1 },
    { country: 'de', lat: 1 }, // without a token
    { url: 'x.example/a', urlref: '' },
    { e_c: 'a', e_a: '0' },
    { cdt: 631_152_000 },
    { cdt: 631_152_001.9 },
    { cdt: 4_294_967_296 },
    { h: 24, m: 60, s: -1, cookie: 'yes', new_visit: 2 },
    { idgoal: -1, revenue: Number.POSITIVE_INFINITY, ec_items: '' },
  ].map((parameters) => ({ ...set(parameters), problems: ['parameter-invalid'] })),
  {
    ...set({ country: 'de', region: 'by', city: 'x', lat: 90, long: -180 }, TOKEN),
    page: { cip: '192.0.2.10', country: 'de', region: 'by', city: 'x', lat: '90', long: '-180' },
  },
  { ...set({ url: ' HTTPS://u:p@x.example/a ' }), page: { url: 'HTTPS://x.example/a' } },
  { ...set({ action_name: '<b>&"\'' }), page: { action_name: '<b>&"\'' } },
  { ...set({ lang: `${'x'.repeat(254)} y` }), page: { lang: 'x'.repeat(254) } },
  { ...set({ e_n: 'alone' }), page: { e_n: 'alone' } },
]);
