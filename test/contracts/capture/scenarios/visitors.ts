import { get, type Scenario } from '../scenario.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const KEY = { 'x-api-key': 'key of ann' };
const PSEUDONYM = /^[0-9a-f]{16}$/;

/** Requests that make no hit, by what is in them, and why. */
const ignored = (
  [
    ['Do Not Track', { dnt: '1' }, 'do_not_track'],
    ['no consent', { 'x-consent': undefined }, 'no_consent'],
    ['a health checker', { 'user-agent': 'kube-probe/1.31' }, 'user_agent'],
    ['an ignored address', { 'x-forwarded-for': '198.51.100.99' }, 'address'],
  ] as const
).map(
  ([what, headers, reason], i): Scenario => ({
    name: `not tracked: ${what}`,
    does: 'annotates',
    sends: [get(`/not-tracked-${i}`, { headers })],
    hits: [],
    ignored: reason,
    receives: [{ status: 200 }],
  }),
);

export const VISITORS: readonly Scenario[] = [
  ...ignored,
  {
    name: 'what the client sent decides, not what a middleware leaves',
    ignored: 'do_not_track',
    before: 'deletes headers',
    does: 'tracks two events',
    sends: [get('/dnt-deleted', { headers: { dnt: '1' } })],
    hits: [],
  },
  {
    name: 'a middleware cannot consent',
    ignored: 'no_consent',
    before: 'adds consent',
    does: 'ok',
    sends: [get('/consent-added', { headers: { 'x-consent': undefined } })],
    hits: [],
  },
  {
    name: 'a page view of a browser',
    does: 'ok',
    sends: [
      get('/browser', {
        headers: {
          'user-agent': FIREFOX,
          'accept-language': 'de-DE,de;q=0.8',
          referer: 'https://other.example/from?token=secret',
        },
      }),
    ],
    hits: [
      {
        hit: 'GET /browser 200',
        params: {
          ua: FIREFOX,
          lang: /^de-DE/i,
          urlref: /^https:\/\/other\.example\/from\?token=redacted$/,
        },
      },
    ],
  },
  {
    name: 'the URL behind a proxy',
    does: 'ok',
    sends: [
      get('/proxied', {
        headers: {
          'x-forwarded-for': '192.0.2.9, 203.0.113.7',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'public.example',
        },
      }),
    ],
    hits: [
      {
        hit: 'GET /proxied 200',
        params: { cip: '203.0.113.7', url: 'https://public.example/proxied' },
      },
    ],
  },
  {
    name: 'the address of the connection',
    does: 'ok',
    sends: [get('/direct')],
    hits: [
      { hit: 'GET /direct 200', params: { cip: '127.0.0.1', url: /^https?:\/\/shop\.example/ } },
    ],
  },
  {
    name: 'an API key',
    does: 'ok',
    sends: [get('/keyed', { headers: KEY })],
    hits: [{ hit: 'GET /keyed 200', params: { uid: PSEUDONYM } }],
  },
  {
    name: 'an API key that a middleware deletes',
    before: 'deletes headers',
    does: 'ok',
    sends: [get('/key-deleted', { headers: KEY })],
    hits: [{ hit: 'GET /key-deleted 200', params: { uid: PSEUDONYM, ua: 'curl/8.5.0' } }],
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
    hits: [
      { hit: 'GET /changed 200', params: { dimension5: 'changed' } },
      { hit: 'event Cart open', params: { dimension5: 'changed' } },
    ],
  },
];
