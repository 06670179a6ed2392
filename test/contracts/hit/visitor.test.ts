import { expect, test } from 'vitest';
import { build, type Facts, type MatomoOptions, NOON, openBuilder } from '../doors/build.js';
import { golden } from './golden.js';

const TOKEN = { tokenAuth: '0123456789abcdef0123456789abcdef' };
const COOKIE = '_pk_id.1.1fff=abcdef0123456789.1700000000; _pk_id.2.1fff=ABCDEF9876543210.1; x=1';
const DAY = 86_400_000;
/** `{"sub":"ada","n":12345678901234567890}` */
const JWT = `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"ada","azp":12345678901234567890,"client_id":""}').toString('base64url')}.x`;
const ADA = { 'enduser.id': 'ada' };
const EVE = { 'enduser.id': 'eve' };
const KEY_HEADER = { userId: 'http.request.header.x-api-key' };

golden([
  { options: TOKEN, page: { cip: '192.0.2.10' } },
  { options: TOKEN, facts: { peer: '' } },
  ...(
    [
      ['198.51.100.23', 1, '198.51.100.0'],
      ['::ffff:198.51.100.23', 2, '198.51.0.0'],
      ['2001:db8:1:2:3:4:5:6', 1, '2001:db8:1:2::'],
      ['2001:db8::6', 4, '::'],
      ['2002:c633:6417::1', 1, '2002:c633:6400:0::'], // 6to4, as the address inside of it
      ['2001:0:c633:6417:1::1', 1, '2001:0:0:0::'], // Teredo
      ['fe80::1%eth0', 0, 'fe80::1'],
    ] as const
  ).map(([peer, anonymizeIp, cip]) => ({
    options: { ...TOKEN, anonymizeIp },
    facts: { peer },
    page: { cip },
  })),
  { options: { visitorId: 'none' }, page: { cid: null } },
  // Cookies of Matomo's tracker, by site.
  ...(
    [
      [1, COOKIE, { cid: 'abcdef0123456789' }],
      [2, COOKIE, { cid: 'abcdef9876543210' }],
      [1, '_pk_id.1=abcdef0123456789%2E1700000000', { cid: 'abcdef0123456789' }],
      [1, '_pk_id.1=abcdef0123456789abc', {}],
    ] as const
  ).map(([siteId, cookie, sent]) => ({
    options: { visitorId: 'cookie' as const, siteId },
    facts: { headers: { cookie } },
    page: { idsite: String(siteId), ...sent },
  })),
  {
    options: { visitorId: ({ path }) => (path === '/users/42' ? 'ABCDEF0123456789' : undefined) },
    page: { cid: 'abcdef0123456789' },
  },
  { options: { userId: () => 'anonymous' }, problems: ['parameter-invalid'] },
  // An attribute with the user: of the SERVER span, of spans below, or set by annotate.
  ...(
    [
      [{ attributes: ADA, below: [{ attributes: EVE }] }, 'ada'],
      [{ attributes: ADA, calls: [['annotate', { uid: 'eve' }]] }, 'eve'],
      [{ attributes: { 'enduser.id': '198.51.100.23' } }, '198.51.100.0'],
    ] as const
  ).map(([facts, uid]) => ({
    options: { userId: 'enduser.id', anonymizeIp: 1 as const },
    facts,
    page: { uid },
  })),
  { facts: { calls: [['annotate', { uid: '0.0.0.0' }]] }, problems: ['parameter-invalid'] },
  { facts: { calls: [['annotate', { uid: 'x'.repeat(300) }]] }, page: { uid: 'x'.repeat(200) } },
  { facts: { calls: [['annotate', { cip: '192.0.2.99' }]] }, problems: ['parameter-invalid'] },
  {
    options: TOKEN,
    facts: { calls: [['annotate', { cip: '192.0.2.99, 10.0.0.1' }]] },
    page: { cip: '192.0.2.10' },
    problems: ['parameter-invalid'],
  },
]);

const idOf = (facts: Facts, options: MatomoOptions = {}, name = 'cid') =>
  build(facts, options).hits[0]?.parameters[name];

test.each<
  [what: string, isSame: boolean, facts: Facts, options?: MatomoOptions, others?: MatomoOptions]
>([
  ['later on the day', true, { startMillis: NOON + DAY * 0.4, nowMillis: NOON + DAY }],
  ['another path and language', true, { path: '/x', headers: { 'accept-language': 'de' } }],
  ['the next day', false, { startMillis: NOON + DAY, nowMillis: NOON + 2 * DAY }],
  ['a start in the future counts as now', true, { startMillis: NOON + DAY }],
  ['another address', false, { peer: '192.0.2.11' }],
  ['the same address in IPv6 notation', true, { peer: '::ffff:192.0.2.10' }],
  ['another address with the same mask', true, { peer: '192.0.2.11' }, { anonymizeIp: 1 }],
  ['another user agent', false, { headers: { 'user-agent': 'curl/8.5.1' } }],
  ['another site', false, {}, {}, { siteId: 2 }],
  ['another key', false, {}, {}, { visitorKey: 'another-key' }],
  ['another process, without a key', false, {}, { visitorKey: undefined }],
  ['a key that comes from the token', true, {}, { visitorKey: undefined, ...TOKEN }],
  ['with and without a token', true, {}, {}, TOKEN],
  ['a site of annotate', false, { calls: [['annotate', { idsite: 2 }]] }],
  [
    'the address of annotate that was read',
    true,
    { peer: '192.0.2.99', calls: [['annotate', { cip: '192.0.2.10' }]] },
    TOKEN,
  ],
  [
    'an address of beforeSend',
    false,
    {},
    TOKEN,
    { ...TOKEN, beforeSend: (hit) => ({ ...hit, cip: '192.0.2.99' }) },
  ],
])('visitors: %s is the same one: %s', (_what, isSame, facts, options = {}, others = options) => {
  const id = idOf({}, options);
  expect(id).toMatch(/^[\da-f]{16}$/);
  const other = idOf(facts, others);
  expect(other).toMatch(/^[\da-f]{16}$/);
  expect(other === id).toBe(isSame);
});

test('one process keeps visitors, sites and days apart', () => {
  const siteId = ({ path }: { readonly path: string }) => (path === '/2' ? 2 : 1);
  const nowMillis = NOON + DAY;
  const visitors = ['/1', '/2'].flatMap((path) =>
    [NOON, nowMillis].flatMap((startMillis) =>
      ['192.0.2.1', '192.0.2.2'].map((peer) => ({ path, peer, route: '', startMillis, nowMillis })),
    ),
  );
  const ids = idsOf([...visitors, ...visitors], { siteId });
  expect(new Set(ids).size).toBe(8);
  expect(ids.slice(0, 8)).toEqual(ids.slice(8));
});

/** The visitors of requests to one process. */
function idsOf(requests: readonly Facts[], options: MatomoOptions = {}) {
  const builder = openBuilder(options);
  const ids = requests.map((facts) => builder.build(facts).hits[0]?.parameters.cid);
  builder.close();
  return ids;
}

test('with a daily key, visitors of different days are different', () => {
  const nowMillis = Date.now();
  const starts = [nowMillis, nowMillis, nowMillis - DAY];
  const requests = starts.map((startMillis) => ({ startMillis, nowMillis }));
  const [first, again, before] = idsOf(requests, { visitorKey: 'daily' });
  expect(first).toMatch(/^[\da-f]{16}$/);
  expect(again).toBe(first);
  expect(before).not.toBe(first);
});

test('with privacy: strict, visitor IDs are made of whole addresses if their keys are deleted', () => {
  const startMillis = Date.now();
  const peers = ['192.0.2.1', '192.0.2.2'];
  const requests = peers.map((peer) => ({ peer, startMillis, nowMillis: startMillis }));
  const count = (options: MatomoOptions) =>
    new Set(idsOf(requests, { privacy: 'strict', ...options })).size;
  expect(count({ visitorKey: undefined })).toBe(2);
  expect(count({})).toBe(1);
});

test('a session of MCP is one visitor at any address, and two sessions at one address are two', () => {
  const call = (session: string, peer: string): Facts => ({
    ...{ method: 'POST', path: '/mcp', route: '/mcp', peer },
    headers: { 'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18' },
    below: [{ attributes: { 'mcp.method.name': 'tools/call', 'mcp.session.id': session } }],
  });
  const [first, moved, second] = idsOf([
    call('session-1', '192.0.2.1'),
    call('session-1', '192.0.2.2'),
    call('session-2', '192.0.2.1'),
  ]);
  expect(moved).toBe(first);
  expect(second).not.toBe(first);
});

const authorized = (authorization: string): Facts => ({ headers: { authorization } });
const BY_CREDENTIALS = { userId: 'http.request.header.authorization' };
/** A request with an API key, and what the application answered. */
const withKey = (key: string, status = 200): Facts => ({ status, headers: { 'x-api-key': key } });

const OPEN: Facts = { ...withKey('key-6', 401), isOpen: true, calls: [['trackEvent', 'a', 'b']] };

test.each<[what: string, facts: Facts, options: MatomoOptions, isNamed: boolean, before?: Facts]>([
  ['a key that was let in', withKey('key-1'), KEY_HEADER, true],
  ['a key that was refused', withKey('key-2', 401), KEY_HEADER, false],
  ['a key that failed later', withKey('key-3', 500), KEY_HEADER, true, withKey('key-3')],
  ['a response that has not begun', withKey('key-4', 499), KEY_HEADER, false],
  ['an event of an open request, of a known key', OPEN, KEY_HEADER, true, withKey('key-6')],
  ['an event of an open request, of a new key', OPEN, KEY_HEADER, false],
  ['a preflight', { ...withKey('key-5'), method: 'OPTIONS' }, KEY_HEADER, false],
  ['a token as a key', withKey(JWT), KEY_HEADER, false],
  ['a key that is too long', withKey('k'.repeat(17_000)), KEY_HEADER, false],
  ['a claim', authorized(`Bearer ${JWT}`), { userId: 'jwt.sub' }, true],
  ['a claim that is a number', authorized(`bearer ${JWT}`), { userId: 'jwt.azp' }, true],
  [
    'a claim of a forged token, behind one of the same subject',
    { ...authorized(`Bearer ${JWT}forged`), status: 401 },
    { userId: 'jwt.sub' },
    false,
    authorized(`Bearer ${JWT}`),
  ],
  ['an empty claim', authorized(`Bearer ${JWT}`), { userId: 'jwt.client_id' }, false],
  ['a scheme without credentials', authorized('Basic'), BY_CREDENTIALS, false],
  ['a key with daily keys', withKey('key-1'), { ...KEY_HEADER, visitorKey: 'daily' }, false],
])('pseudonyms: %s', (_what, facts, options, isNamed, before = undefined) => {
  const builder = openBuilder(options);
  if (before) builder.build(before);
  const { uid } = builder.build(facts).hits[0]?.parameters ?? {};
  builder.close();
  if (isNamed) expect(uid).toMatch(/^[\da-f]{16}$/);
  else expect(uid).toBeUndefined();
});

test('a pseudonym is the same for one value and key only', () => {
  const of = (key: string, options = {}) =>
    idOf(withKey(key), { ...KEY_HEADER, ...options }, 'uid');
  expect(of(' key-1 ')).toBe(of('key-1'));
  expect(of('key-2')).not.toBe(of('key-1'));
  expect(of('key-1', { visitorKey: 'another-key' })).not.toBe(of('key-1'));
  const ofClaim = (claim: string) => {
    const token = `Bearer x.${Buffer.from(claim).toString('base64url')}.x`;
    return idOf(authorized(token), { userId: 'jwt.sub' }, 'uid');
  };
  expect(ofClaim('{"sub":12345678901234567890}')).not.toBe(ofClaim('{"sub":12345678901234567891}'));
  expect(ofClaim('{"sub":"ada","x":1}')).toBe(ofClaim('{"x":2,"sub":" ada "}'));
});

test('the client of a hit is a keyed hash of its unmasked address, which no option hides, else its visitor', () => {
  const clientOf = (facts: Facts, options: MatomoOptions = {}) => {
    const [hit] = build({ headers: {}, ...facts }, options).hits;
    expect(hit?.text).not.toContain(hit?.client);
    return hit?.client;
  };
  const options: MatomoOptions = { ...TOKEN, visitorKey: 'k' };
  const client = clientOf({ peer: '198.51.100.23' }, options);
  expect(client).toMatch(/^[\da-f]{16}$/);
  const sameClient = { peer: '198.51.100.23', headers: { 'user-agent': 'another' } };
  const others: MatomoOptions[] = [{}, { anonymizeIp: 4 }, { visitorId: 'none' }];
  for (const more of others) expect(clientOf(sameClient, { ...options, ...more })).toBe(client);
  expect(clientOf({ peer: '198.51.100.24' }, options)).not.toBe(client);
  const [first, same, other] = ['2001:db8:1:2::3', '2001:db8:1:2:5::7', '2001:db8:1:3::3'].map(
    (peer) => clientOf({ peer }, options),
  );
  expect(same).toBe(first);
  expect(other).not.toBe(first);
  expect(clientOf({ peer: '198.51.100.23' }, { ...options, visitorKey: 'l' })).not.toBe(client);
  const [unknown] = build({ peer: '' }, options).hits;
  expect(unknown?.client).toBe(unknown?.visitor);
});
