import { additional, golden, page, variables } from './golden.js';

type Args = readonly unknown[];
const call = (name: 'trackEvent' | 'trackGoal' | 'trackOrder' | 'trackHit', ...args: Args) => ({
  name: `${name}(${JSON.stringify(args).slice(1, -1)})`.slice(0, 110),
  facts: { calls: [[name, ...args]] as const },
});
const also = (differences: Parameters<typeof additional>[0]) => ({
  hits: [page(), additional(differences)],
});
const REFUSED = { dropped: { invalid: 1 }, problems: ['parameter-invalid'] };
const NOBODY = { hits: [], dropped: { no_visitor: 1 }, problems: ['parameter-invalid'] };
/** Of a call outside of a request. */
const OUTSIDE = { lang: null, url: null, ua: '-' };
const JOB = { isOutside: true, calls: [['trackEvent', 'a', 'b', { uid: 'ada' }]] as const };
/** What annotate sets for all hits of a request, with a token, and for its page view. */
const SHARED = {
  idsite: '2',
  bots: '0',
  ua: 'App/1',
  lang: 'de',
  url: 'https://x.example/',
  uid: 'ada',
  urlref: 'https://y.example/',
  _id: 'abcdef0123456789',
  ...{ cip: '192.0.2.99', country: 'de', region: 'by', city: 'x', lat: '1.5', long: '-2' },
};
const OF_PAGE = { action_name: 'x', dimension1: 'x', e_c: 'p', e_a: 'q', cdt: '1795000000' };
const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const SEARCH = { search: 'shoes', search_cat: 'a', search_count: '3' };
const CONTENT = { c_n: 'ad', c_p: 'a.png', c_t: '/x', c_i: 'click' };
const TEA = { sku: 'tea' };
const SENT_TEA = ['tea', '', '', 0, 1];
const INVALID = { problems: ['parameter-invalid'] };

golden(
  (
    [
      ['trackEvent', '', 'buy'],
      ['trackGoal', 0],
      ['trackOrder', { id: ' ', revenue: 1 }],
      ['trackOrder', { id: 'x'.repeat(120), revenue: 1e16 }],
      ['trackHit', { uid: 'ada' }],
      ['trackHit', { e_c: 'a' }],
      ['trackHit', { download: 'a.pdf' }],
    ] as const
  ).map(([name, ...args]) => ({ ...call(name, ...args), ...REFUSED })),
);

golden([
  ...(
    [
      [['trackEvent', 7, 8], { e_c: '7', e_a: '8' }],
      [['trackEvent', 'a', 'b', { idsite: 7 }], { idsite: '7', e_c: 'a', e_a: 'b' }],
      [['trackHit', { link: 'https://x.example/' }], { link: 'https://x.example/' }],
      [['trackHit', { ping: true }], { ping: '1' }],
      [['trackHit', SEARCH], SEARCH],
      [['trackHit', CONTENT], CONTENT],
    ] as const
  ).map(([[name, ...args], sent]) => ({ ...call(name, ...args), ...also(sent) })),
  // Parts of an order, also those that are invalid, too long, or have no place.
  ...(
    [
      [
        { subtotal: 40, tax: 9.57, shipping: 5, discount: 1 },
        { ec_st: '40', ec_tx: '9.57', ec_sh: '5', ec_dt: '1' },
        {},
      ],
      [
        { items: [{ name: 'no sku' }, { sku: 'a', price: Number.NaN }, TEA, TEA, null] },
        { ec_items: JSON.stringify([SENT_TEA, SENT_TEA]) },
        INVALID,
      ],
      [
        {
          items: [
            { sku: 'a', quantity: 70_000, categories: [...'1234560'] },
            { sku: 7, name: 'b', quantity: -1, categories: 'c', price: 25.165 },
            { sku: 'c', quantity: 1.6 },
          ],
        },
        {
          ec_items:
            '[["a","",["1","2","3","4","5"],0,65535],["7","b","c",25.165,0],["c","","",0,2]]',
        },
        {},
      ],
      [{ total: 2, taxes: 3 }, {}, INVALID],
    ] as const
  ).map(([order, sent, more]) => ({
    ...call('trackOrder', { id: 'A', revenue: 1, ...order }),
    ...also({ idgoal: '0', ec_id: 'A', revenue: '1', ...sent }),
    ...more,
  })),
  {
    ...call('trackHit', { action_name: 'A page', url: 'https://x.example/b' }),
    hits: [
      page(),
      page({
        gt_ms: null,
        pf_srv: null,
        cvar: null,
        url: 'https://x.example/b',
        cdt: '1795176001',
        action_name: 'A page',
      }),
    ],
  },
  {
    name: 'a call whose clock is ahead',
    facts: { callMillis: 1_795_176_009_000, calls: [['trackGoal', 1]] },
    ...also({ idgoal: '1' }),
  },
  {
    name: 'outside of a request, with a visitor and a site',
    facts: { isOutside: true, calls: [['trackGoal', 1, { uid: 'ada', idsite: 7 }]] },
    hits: [additional({ ...OUTSIDE, cid: null, uid: 'ada', idsite: '7', idgoal: '1' })],
  },
  { facts: { isOutside: true, calls: [['trackEvent', 'a', 'b']] }, ...NOBODY },
  { options: { privacy: 'strict' }, facts: JOB, ...NOBODY },
  { options: { siteId: () => 3 }, facts: JOB, hits: [], ...REFUSED },
  { options: { beforeSend: () => null }, facts: JOB, hits: [], dropped: { predicate: 1 } },
  {
    name: 'annotate outside of a request',
    facts: { isOutside: true, calls: [['annotate', { uid: 'ada' }], ['ignore']] },
    hits: [],
  },
  {
    name: 'a hit has what annotate shares, and not what is of the page',
    options: TOKEN,
    facts: {
      calls: [
        ['annotate', { ...SHARED, ...OF_PAGE, cvar: { a: 1 } }],
        ['trackGoal', 1],
      ],
    },
    hits: [
      page({ ...SHARED, ...OF_PAGE, cvar: variables(200, 'GET', { a: '1' }) }),
      additional({ ...SHARED, idgoal: '1' }),
    ],
  },
  {
    name: 'a hit has no dimension of the request',
    options: { dimensions: { 1: 'url.path', 2: () => 'x' }, userId: () => 'ada' },
    facts: { calls: [['trackGoal', 1]] },
    hits: [
      page({ dimension1: '/users/42', uid: 'ada', dimension2: 'x' }),
      additional({ uid: 'ada', idgoal: '1' }),
    ],
  },
  {
    name: 'a hit after the end of an ignored request',
    options: { ignorePaths: ['/users/42'], userId: () => 'ada' },
    facts: { callsAfter: [['trackGoal', 1]] },
    hits: [additional({ uid: 'ada', idgoal: '1' })],
    ignored: 'path',
  },
  { name: 'a span event that is none', facts: { events: [{ 'matomo.e_c': 'a' }] }, ...REFUSED },
  {
    name: 'a request has 100 hits besides its page view',
    facts: { calls: Array.from({ length: 102 }, () => ['trackGoal', 1] as const) },
    hits: [page(), ...Array.from({ length: 100 }, () => additional({ idgoal: '1' }))],
    dropped: { too_many: 2 },
    problems: ['parameter-invalid'],
  },
]);
