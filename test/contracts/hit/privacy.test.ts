import { additional, golden, page } from './golden.js';

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const STRICT = { ...TOKEN, privacy: 'strict' as const };
/** Of an address and a path, with `privacy: strict`. */
const HIDDEN = { cip: '0.0.0.0', url: 'https://shop.example.org/users/:id' };
const full = {
  query: 'a=1',
  headers: {
    referer: 'https://ref.example/a?b=c',
    cookie: '_pk_id.1=abcdef0123456789.1',
    dnt: '0',
    'sec-gpc': '0',
  },
};

golden([
  {
    name: 'privacy: strict',
    options: STRICT,
    facts: full,
    page: { ...HIDDEN, urlref: 'https://ref.example/' },
  },
  {
    name: 'privacy: strict, the user of the option',
    options: { ...STRICT, userId: (request) => request.header('x-user') },
    facts: {
      headers: { 'x-user': 'ada' },
      calls: [
        ['annotate', { uid: 'eve' }],
        ['trackEvent', 'a', 'b', { uid: 'eve' }],
      ],
    },
    hits: [
      page({ ...HIDDEN, uid: 'ada' }),
      additional({ ...HIDDEN, uid: 'ada', e_c: 'a', e_a: 'b' }),
    ],
  },
  {
    name: 'privacy: strict, an attribute',
    options: { ...STRICT, userId: 'enduser.id' },
    facts: { attributes: { 'enduser.id': 'ada' }, calls: [['annotate', { uid: 'eve' }]] },
    page: { ...HIDDEN, uid: 'ada' },
  },
  {
    name: 'privacy: strict and DNT',
    options: STRICT,
    facts: { headers: { dnt: '1' } },
    ignored: 'do_not_track',
  },
  {
    name: 'privacy: strict, options that are less strict',
    options: {
      ...STRICT,
      query: 'keep',
      urlPaths: 'full',
      referrers: 'full',
      doNotTrack: false,
      anonymizeIp: 0,
    },
    facts: { ...full, headers: { ...full.headers, dnt: '1' } },
    page: { cip: '192.0.2.10', urlref: 'https://ref.example/a?b=c' },
  },
  {
    name: 'privacy: strict, dimensions of the address',
    options: {
      ...STRICT,
      dimensions: { 1: 'client.address', 2: 'http.request.header.x-forwarded-for' },
    },
    facts: { headers: { 'x-forwarded-for': '198.51.100.1' } },
    page: { ...HIDDEN, dimension1: '0.0.0.0', dimension2: '0.0.0.0' },
  },
  {
    name: 'privacy: strict without an address',
    options: STRICT,
    facts: { peer: '' },
    page: { ...HIDDEN },
  },
  {
    name: 'privacy: strict without a token',
    options: { privacy: 'strict' },
    facts: full,
    page: { url: 'https://shop.example.org/users/:id', urlref: 'https://ref.example/' },
  },
  {
    name: 'privacy: strict and beforeSend',
    options: { ...STRICT, beforeSend: (hit) => ({ ...hit, uid: 'eve', cip: '198.51.100.1' }) },
    page: { ...HIDDEN },
  },
  {
    name: 'a mask and the address that is sent already',
    options: { ...TOKEN, anonymizeIp: 1 },
    facts: { calls: [['annotate', { cip: '192.0.2.0' }]] },
    page: { cip: '192.0.2.0' },
  },
  {
    name: 'beforeSend drops the hit',
    options: { beforeSend: () => null },
    facts: { calls: [['trackEvent', 'a', 'b']] },
    ignored: 'predicate',
    dropped: { predicate: 1 },
  },
  {
    name: 'beforeSend drops one hit',
    options: { beforeSend: (hit) => (hit.e_c ? null : hit) },
    facts: { calls: [['trackEvent', 'a', 'b']] },
    dropped: { predicate: 1 },
  },
  {
    name: 'beforeSend returns a text',
    options: { beforeSend: (() => 'x') as never },
    ignored: 'predicate',
    problems: ['callback-failed'],
  },
  {
    name: 'beforeSend changes parameters',
    options: {
      beforeSend: ({ lang, ...hit }) => ({
        ...hit,
        action_name: ' New\n',
        dimension1: 7,
        url: 'https://x.example/token/9fK2mQ7x',
        cvar: 'free',
      }),
    },
    page: {
      lang: null,
      url: 'https://x.example/token/9fK2mQ7x',
      action_name: 'New',
      cvar: 'free',
      dimension1: '7',
    },
  },
  {
    name: 'beforeSend sets invalid values',
    options: { beforeSend: (hit) => ({ ...hit, url: 'x', foo: 'bar', pf_srv: -1, country: 'de' }) },
    page: { url: null, pf_srv: null },
    problems: ['parameter-invalid'],
  },
  {
    name: 'beforeSend cannot change what is reserved',
    options: { beforeSend: (hit) => ({ ...hit, rec: '0', apiv: '2', ca: '1' }) },
    problems: ['parameter-invalid'],
  },
  {
    name: 'beforeSend returns nearly nothing',
    options: { beforeSend: () => ({ action_name: 'x' }) },
    page: {
      bots: null,
      cid: null,
      lang: null,
      url: null,
      gt_ms: null,
      pf_srv: null,
      cvar: null,
      action_name: 'x',
      ua: '-',
    },
  },
  {
    name: 'beforeSend gets all parameters',
    options: {
      beforeSend: (hit) => ({
        ...hit,
        dimension1: Object.keys(hit)
          .sort((a, b) => (a < b ? -1 : 1))
          .join(' ')
          .replace('cid', ''),
      }),
    },
    page: { dimension1: 'action_name apiv bots cdt  cvar gt_ms idsite lang pf_srv rec ua url' },
  },
  {
    name: 'beforeSend changes the site',
    options: { beforeSend: (hit) => ({ ...hit, idsite: '2' }) },
    page: { idsite: '2' },
  },
  { name: 'a site', options: { siteId: 7 }, page: { idsite: '7' } },
  {
    name: 'a function names the site',
    options: { siteId: (request) => (request.host === 'shop.example.org' ? 3 : undefined) },
    page: { idsite: '3' },
  },
  {
    name: 'a function names the site as text',
    options: { siteId: () => ' 4 ' as never },
    page: { idsite: '4' },
  },
  {
    name: 'a function names no site',
    options: { siteId: () => undefined },
    facts: { calls: [['trackEvent', 'a', 'b']] },
    ignored: 'site',
  },
  {
    name: 'a function names an invalid site',
    options: { siteId: () => 0 },
    ignored: 'site',
    problems: ['site-id-value'],
  },
  {
    name: 'the site of a service',
    options: { siteId: 'shop=5,*=6' as never },
    facts: { service: { 'service.name': 'shop' } },
    page: { idsite: '5' },
  },
  {
    name: 'the site of other services',
    options: { siteId: 'shop=5,*=6' as never },
    facts: { service: { 'service.name': 'blog' } },
    page: { idsite: '6' },
  },
  {
    name: 'a service without a site',
    options: { siteId: 'shop=5' as never },
    facts: { service: { 'service.name': 'blog' } },
    ignored: 'site',
  },
  {
    name: 'matomo.idsite of the service',
    options: { siteId: () => 3 },
    facts: { service: { 'matomo.idsite': 9 } },
    page: { idsite: '9' },
  },
  {
    name: 'matomo.idsite of the service wins over a number',
    options: { siteId: 3 },
    facts: { service: { 'matomo.idsite': '9' } },
    page: { idsite: '9' },
  },
  {
    name: 'an ignored request with a site',
    options: { siteId: () => 3, ignorePaths: ['/users/42'] },
    facts: { calls: [['trackGoal', 1]] },
    hits: [additional({ idsite: '3', idgoal: '1' })],
    ignored: 'path',
  },
]);
