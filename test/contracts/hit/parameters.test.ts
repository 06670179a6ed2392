import { words } from '../../support/words.js';
import { type Differences, golden } from './golden.js';

const LONG = 'y'.repeat(5000);
const LONGEST = JSON.stringify([['sk', 1], ...Array(3199).fill(['sku', 1])]);
const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
/** What a token adds. */
const ADDRESS = { cip: '192.0.2.10' };

const all = (names: string, value: string | number) =>
  Object.fromEntries(words(names).map((name) => [name, value]));

/** Parameters that are sent as texts, but for those that differ. `null`: it is left out, which is logged. */
const set = (
  parameters: Readonly<Record<string, unknown>>,
  differs: Differences = {},
  options = {},
) => {
  const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  const page: Differences = { ...Object.fromEntries(texts), ...differs };
  const kept = Object.entries(page).filter(([name, value]) => value !== null || name === 'pf_srv');
  return {
    name: texts
      .map((pair) => pair.join(' = '))
      .join(', ')
      .slice(0, 120),
    facts: { calls: [['annotate', parameters]] as const },
    options,
    page: Object.fromEntries(kept),
    problems: kept.length < Object.keys(page).length ? ['parameter-invalid'] : [],
  };
};

golden([
  set({ idsite: '7', res: '1280x1024', h: 23, m: 59, s: 0, cookie: '1', lang: 'de', e_n: 'alone' }),
  set({ new_visit: true, ping: 0, bots: false }, { new_visit: '1', ping: '0', bots: '0' }),
  set({ h: 1.5, m: '7', s: ' ' }, { h: null, s: null }),
  set({ _rcn: 'c', _rck: 'k', _refts: 1_700_000_000, _pkc: 'a', _pkp: 1.5, _pks: 7, _pkn: 'n' }),
  set({ _ref: 'https://u:p@ref.example/' }, { _ref: 'https://ref.example/' }),
  set({ pv_id: 'abcdefgh', res: '10000x10000' }, { pv_id: 'abcdef', res: '10000x100' }),
  set({ idgoal: 0, ec_id: 7, ec_items: '[]', ec_st: 1e15, ec_tx: -1e15, ec_sh: 0 }),
  set({ revenue: '1.50', ec_dt: 1e15 + 1 }, { revenue: '1.5', ec_dt: null }),
  set({ ec_items: LONGEST, uadata: `{"brands":[]${' '.repeat(16_372)}}` }, { uadata: null }),
  ...(
    [
      ['e_c e_a e_n', 4096],
      ['c_n c_p c_t c_i _pkc _pks _pkn', 4096],
      ['search', 1024],
      ['search_cat', 200],
      ['ec_id', 100],
      ['_rck _rcn', 255],
      ['source', 50],
      ['dimension1 dimension999', 250],
    ] as const
  ).map(([names, length]) => set(all(names, LONG), all(names, LONG.slice(0, length)) as never)),
  set({ search_cat: 'é'.repeat(150) }, { search_cat: 'é'.repeat(100) }),
  set(
    { link: `https://x.example/${'y/'.repeat(600)}` },
    { link: `https://x.example/${'y/'.repeat(503)}` },
  ),
  set({ city: LONG, region: LONG }, { ...ADDRESS, city: 'y'.repeat(255), region: 'yyy' }, TOKEN),
  // The biggest and smallest numbers, and those next to them.
  ...(
    [
      ['search_count idgoal _refts idsite bw_bytes', 4_294_967_295, 4_294_967_296],
      ['cdo', 631_152_000, 631_152_001],
      ['e_v revenue', -1e15, -1.1e15],
      ['http_status', 100, 99],
    ] as const
  ).flatMap(([names, fitting, other]) => [
    set(all(names, fitting)),
    ...words(names).map((name) => ({
      ...set({ [name]: other }),
      page: {},
      problems: ['parameter-invalid'],
    })),
  ]),
  set({ gt_ms: 12.6, pf_net: '3.4' }, { gt_ms: '13', pf_net: '3', pf_srv: '9' }),
  set({ pf_onl: 16_777_215, pf_tfr: 16_777_216 }, { pf_tfr: null, pf_srv: '0' }),
  // Reserved, unknown, or invalid.
  ...[
    { dimension0: 'x', dimension1000: 'x', dimension01: 'x' },
    { dimension1: null, dimension2: {}, dimension3: ['a'], dimension4: Number.NaN, dimension5: '' },
    { action_nmae: 'x', token_auth: 'x' },
    { rec: 0, apiv: 2, rand: 'x', ca: 1, send_image: 1, recMode: 1, ai_s: 1 },
    { country: 'de', lat: 1 }, // without a token
    { url: 'x.example/a', urlref: '' },
    { e_c: 'a', e_a: '0' },
    { h: 24, m: 60, s: -1, cookie: 'yes', new_visit: 2 },
    { idgoal: -1, revenue: Number.POSITIVE_INFINITY, ec_items: '', idsite: 4_294_967_296 },
  ].map((parameters) => ({ ...set(parameters), page: {}, problems: ['parameter-invalid'] })),
  set({ country: 'de', region: 'by', city: 'x', lat: 90, long: -180 }, { ...ADDRESS }, TOKEN),
  set({ url: ' HTTPS://u:p@x.example/a ' }, { url: 'HTTPS://x.example/a' }),
  set({ action_name: '<b>&"\'' }),
]);
