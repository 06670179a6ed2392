import { golden } from './golden.js';

const LONG = 'y'.repeat(5000);
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
  { ...set({ h: 24, m: 60, s: -1, cookie: 'yes', new_visit: 2 }), problems: ['parameter-invalid'] },
  { ...set({ h: 1.5, m: '7', s: ' ' }), page: { m: '7' }, problems: ['parameter-invalid'] },
  {
    ...set({
      _rcn: 'c'.repeat(300),
      _rck: 'k',
      _ref: 'https://u:p@ref.example/',
      _refts: 1_700_000_000,
    }),
    page: { _rcn: 'c'.repeat(255), _rck: 'k', _ref: 'https://ref.example/', _refts: '1700000000' },
  },
  { ...set({ link: 'https://x.example/a' }), page: { link: 'https://x.example/a' } },
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
    ...set({ idgoal: -1, revenue: Number.POSITIVE_INFINITY, ec_items: '' }),
    problems: ['parameter-invalid'],
  },
  {
    ...set({ ec_items: 'x'.repeat(32_000), uadata: 'y'.repeat(16_385) }),
    page: { ec_items: 'x'.repeat(32000) },
    problems: ['parameter-invalid'],
  },
  {
    ...set({ _pkc: 'a', _pkp: 1.5, _pks: 7, _pkn: 'n' }),
    page: { _pkc: 'a', _pkp: '1.5', _pks: '7', _pkn: 'n' },
  },
  {
    ...set({
      e_c: LONG,
      e_a: LONG,
      e_n: LONG,
      c_n: LONG,
      c_p: LONG,
      c_t: LONG,
      c_i: LONG,
      _pkc: LONG,
      _pks: LONG,
      _pkn: LONG,
      search: LONG,
      ec_id: LONG,
      _rck: LONG,
    }),
    name: 'long texts',
    page: {
      e_c: 'y'.repeat(4096),
      e_a: 'y'.repeat(4096),
      e_n: 'y'.repeat(4096),
      c_n: 'y'.repeat(4096),
      c_p: 'y'.repeat(4096),
      c_t: 'y'.repeat(4096),
      c_i: 'y'.repeat(4096),
      _pkc: 'y'.repeat(4096),
      _pks: 'y'.repeat(4096),
      _pkn: 'y'.repeat(4096),
      search: 'y'.repeat(1024),
      ec_id: 'y'.repeat(100),
      _rck: 'y'.repeat(255),
    },
  },
  {
    ...set(
      {
        city: LONG,
        region: LONG,
        urlref: `https://x.example/${LONG}`,
        link: `https://x.example/${LONG}`,
      },
      TOKEN,
    ),
    name: 'long texts with a token',
    page: {
      cip: '192.0.2.10',
      city: 'y'.repeat(255),
      region: 'yyy',
      urlref: `https://x.example/${'y'.repeat(1006)}`,
      link: `https://x.example/${'y'.repeat(1006)}`,
    },
  },
  {
    ...set({
      search_count: 4_294_967_295,
      idgoal: 4_294_967_295,
      _refts: 4_294_967_295,
      idsite: 4_294_967_295,
      cdo: 631_152_000,
      e_v: -1e15,
      http_status: 599,
    }),
    name: 'the biggest numbers',
    page: {
      idsite: '4294967295',
      search_count: '4294967295',
      idgoal: '4294967295',
      _refts: '4294967295',
      cdo: '631152000',
      e_v: '-1000000000000000',
      http_status: '599',
    },
  },
  {
    ...set({
      search_count: 4_294_967_296,
      idgoal: 4_294_967_296,
      _refts: -1,
      cdo: 631_152_001,
      e_v: 1.1e15,
      revenue: -1.1e15,
    }),
    name: 'numbers that are too big',
    problems: ['parameter-invalid'],
  },
  { ...set({ cdt: 631_152_000 }), problems: ['parameter-invalid'] },
  { ...set({ cdt: 631_152_001.9 }), problems: ['parameter-invalid'] },
  { ...set({ cdt: 4_294_967_296 }), problems: ['parameter-invalid'] },
  {
    ...set({
      ping: 0,
      bots: false,
      source: 's'.repeat(60),
      http_status: 99,
      bw_bytes: 4_294_967_295,
    }),
    page: { bots: '0', ping: '0', source: 's'.repeat(50), bw_bytes: '4294967295' },
    problems: ['parameter-invalid'],
  },
  { ...set({ http_status: 600, bw_bytes: 4_294_967_296 }), problems: ['parameter-invalid'] },
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
  {
    ...set({ dimension0: 'x', dimension1000: 'x', dimension01: 'x' }),
    problems: ['parameter-invalid'],
  },
  {
    ...set({
      dimension1: null,
      dimension2: {},
      dimension3: ['a'],
      dimension4: Number.NaN,
      dimension5: '',
    }),
    problems: ['parameter-invalid'],
  },
  { ...set({ action_nmae: 'x', token_auth: 'x' }), problems: ['parameter-invalid'] },
  {
    ...set({
      rec: 0,
      apiv: 2,
      rand: 'x',
      ca: 1,
      send_image: 1,
      recMode: 1,
      ai_s: 1,
      debug: 1,
      queuedtracking: 1,
    }),
    problems: ['parameter-invalid'],
  },
  {
    ...set({ country: 'de', region: 'by', city: 'x', lat: 90, long: -180 }, TOKEN),
    page: { cip: '192.0.2.10', country: 'de', region: 'by', city: 'x', lat: '90', long: '-180' },
  },
  {
    ...set({ country: 'deu', lat: 90.1, long: -180.1 }, TOKEN),
    page: { cip: '192.0.2.10', country: 'de' },
    problems: ['parameter-invalid'],
  },
  { ...set({ country: 'de', lat: 1 }), problems: ['parameter-invalid'] },
  { ...set({ url: 'x.example/a', urlref: '' }), problems: ['parameter-invalid'] },
  { ...set({ url: ' HTTPS://u:p@x.example/a ' }), page: { url: 'HTTPS://x.example/a' } },
  {
    ...set({ url: `https://x.example/${'a'.repeat(1100)}` }),
    page: { url: `https://x.example/${'a'.repeat(1006)}` },
  },
  { ...set({ urlref: 7 }), page: { urlref: '7' } },
  { ...set({ action_name: '<b>&"\'' }), page: { action_name: '<b>&"\'' } },
  { ...set({ lang: `${'x'.repeat(254)} y` }), page: { lang: 'x'.repeat(254) } },
  { ...set({ e_c: 'a', e_a: '0' }), problems: ['parameter-invalid'] },
  { ...set({ e_n: 'alone' }), page: { e_n: 'alone' } },
  {
    ...set({ cid: 'abc', _id: 'ABCDEF0123456789' }),
    page: { _id: 'abcdef0123456789' },
    problems: ['parameter-invalid'],
  },
  { ...set({ idsite: 0 }), problems: ['parameter-invalid'] },
  { ...set({ idsite: 4_294_967_296 }), problems: ['parameter-invalid'] },
]);
