import { additional, golden, page } from './golden.js';

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const STRICT = { ...TOKEN, privacy: 'strict' as const };
/** Of an address and a path, with `privacy: strict`. */
const HIDDEN = { cip: '0.0.0.0', url: 'https://shop.example.org/users/:id' };
const NOTHING = {
  ...{ bots: null, cid: null, lang: null, url: null, gt_ms: null, pf_srv: null, cvar: null },
};
const full = {
  query: 'a=1',
  headers: { referer: 'https://ref.example/a?b=c', cookie: '_pk_id.1=abcdef0123456789.1' },
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
    name: 'privacy: strict, and addresses that are kept',
    options: { ...STRICT, anonymizeIp: 0 },
    page: { ...HIDDEN, cip: '192.0.2.10' },
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
    name: 'privacy: strict without a token',
    options: { privacy: 'strict' },
    facts: full,
    page: { url: HIDDEN.url, urlref: 'https://ref.example/' },
  },
  {
    name: 'beforeSend drops the hit',
    options: { beforeSend: () => null },
    facts: { calls: [['trackEvent', 'a', 'b']] },
    ignored: 'predicate',
    dropped: { predicate: 1 },
  },
  {
    name: 'beforeSend changes parameters',
    options: {
      beforeSend: ({ lang, ...hit }) => ({
        ...{ ...hit, action_name: ' New\n', dimension1: 7, cvar: 'free' },
        url: 'https://x.example/token/9fK2mQ7x',
      }),
    },
    page: {
      ...{ lang: null, action_name: 'New', cvar: 'free', dimension1: '7' },
      url: 'https://x.example/token/9fK2mQ7x',
    },
  },
  {
    name: 'beforeSend sets invalid values',
    options: {
      beforeSend: (hit) => ({ ...hit, url: 'x', pf_srv: -1, country: 'de', rec: '0', ca: '1' }),
    },
    page: { url: null, pf_srv: null },
    problems: ['parameter-invalid'],
  },
  {
    name: 'beforeSend returns nearly nothing',
    options: { beforeSend: () => ({ action_name: 'x' }) },
    page: { ...NOTHING, action_name: 'x', ua: '-' },
  },
]);

const SHOP = { 'service.name': 'shop' };
const BLOG = { 'service.name': 'blog' };

// The site of a request, by the option and the service. Without one, there is no hit.
golden([
  ...(
    [
      [({ host }: { host?: string }) => (host === 'shop.example.org' ? 3 : undefined), {}, '3'],
      [() => ' 4 ', {}, '4'],
      ['shop=5,*=6', SHOP, '5'],
      ['shop=5,*=6', BLOG, '6'],
      [3, { 'matomo.idsite': '9' }, '9'],
    ] as const
  ).map(([siteId, service, idsite]) => ({
    options: { siteId: siteId as number },
    facts: { service },
    page: { idsite },
  })),
  { options: { siteId: 'shop=5' as never }, facts: { service: BLOG }, ignored: 'site' },
  { options: { siteId: () => 0 }, ignored: 'site', problems: ['site-id-value'] },
  {
    name: 'an ignored request with a site',
    options: { siteId: () => 3, ignorePaths: ['/users/42'] },
    facts: { calls: [['trackGoal', 1]] },
    hits: [additional({ idsite: '3', idgoal: '1' })],
    ignored: 'path',
  },
]);
