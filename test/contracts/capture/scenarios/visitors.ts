import { get, page, type Scenario } from '../scenario.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const KEY = { 'x-api-key': 'key of ann' };
const PSEUDONYM = /^[0-9a-f]{16}$/;

/** Requests that make no hit, by what is in them, and why. A middleware may add to that, or delete it. */
const ignored = (
  [
    ['Do Not Track', { dnt: '1' }, 'do_not_track'],
    ['no consent', { 'x-consent': undefined }, 'no_consent'],
    ['an ignored address', { 'x-forwarded-for': '198.51.100.99' }, 'address'],
    ['Do Not Track that was deleted', { dnt: '1' }, 'do_not_track', 'deletes headers'],
    ['consent of a middleware', { 'x-consent': undefined }, 'no_consent', 'adds consent'],
  ] as const
).map(
  ([what, headers, reason, before], i): Scenario => ({
    name: `not tracked: ${what}`,
    ...(before !== undefined && { before }),
    does: before === 'deletes headers' ? 'tracks two events' : 'annotates',
    sends: [get(`/not-tracked-${i}`, { headers })],
    hits: [],
    ignored: reason,
    receives: [{ status: 200 }],
  }),
);

const sent = (name: string, path: string, headers: Record<string, string>, params: object) =>
  page(name, 'ok', path, { ...params }, { sends: [get(path, { headers })] });

export const VISITORS: readonly Scenario[] = [
  ...ignored,
  sent(
    'a page view of a browser',
    '/browser',
    {
      'user-agent': FIREFOX,
      'accept-language': 'de-DE,de;q=0.8',
      referer: 'https://other.example/from?token=secret',
    },
    { ua: FIREFOX, lang: /^de-DE/i, urlref: 'https://other.example/from?token=redacted' },
  ),
  sent(
    'the URL behind a proxy',
    '/proxied',
    {
      'x-forwarded-for': '192.0.2.9, 203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'public.example',
    },
    { cip: '203.0.113.7', url: 'https://public.example/proxied' },
  ),
  {
    ...sent('an API key that was deleted', '/key-deleted', KEY, { uid: PSEUDONYM }),
    before: 'deletes headers',
  },
  {
    name: 'the predicate ignore leaves events',
    ignored: 'predicate',
    does: 'tracks an event',
    needs: ['code'],
    sends: [get('/predicate-event', { headers: { 'x-ignore': 'yes' } })],
    hits: ['event Cart open'],
  },
  {
    name: 'beforeSend changes hits',
    does: 'tracks an event',
    needs: ['code'],
    sends: [get('/changed?before=change')],
    hits: ['GET /changed 200', 'event Cart open'].map((hit) => ({
      hit,
      params: { dimension5: 'changed' },
    })),
  },
];
