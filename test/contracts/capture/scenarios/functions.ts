import { atOnce, get, type Hits, page, post, type Scenario } from '../scenario.js';

const TWENTY = /^(?:19|[2-9]\d|\d{3,})$/;

const ignored = (name: string, does: string, path: string, more = {}): Scenario => ({
  name,
  ignored: 'attribute',
  does,
  sends: [get(path)],
  hits: [],
  ...more,
});

const tracks = (name: string, does: string, path: string, hits: Hits, more = {}): Scenario =>
  page(name, does, path, {}, { hits, ...more });

export const FUNCTIONS: readonly Scenario[] = [
  {
    name: 'an annotated request',
    does: 'annotates',
    sends: [post('/annotated', 'x')],
    hits: [{ hit: 'Checkout 200', params: { dimension5: 'pro', dimension1: 'POST' } }],
  },
  page('annotated twice, later', 'annotates twice, later', '/annotated-later', {
    dimension5: 'later',
    dimension6: 'first',
  }),
  page(
    'annotated by a middleware and the handler',
    'annotates over it',
    '/annotated-before',
    { dimension5: 'handler', dimension6: 'middleware' },
    { before: 'annotates before' },
  ),
  page('annotated in finish', 'annotates in finish', '/annotated-in-finish', {
    dimension5: 'finish',
  }),
  {
    name: 'annotated when the client has left',
    does: 'annotates what the client left',
    sends: [get('/annotated-left', { leaves: 'in the body' })],
    hits: [{ hit: 'GET /annotated-left 499', params: { dimension5: 'left' } }],
  },
  page(
    'annotated much too late',
    'annotates much too late',
    '/annotated-too-late',
    { dimension5: undefined },
    { needs: ['time'], logs: ['annotated-too-late'] },
  ),
  page(
    'ignored much too late',
    'ignores much too late',
    '/ignored-too-late',
    {},
    { needs: ['time'] },
  ),
  ignored('ignored', 'ignores', '/ignored', { receives: [{ status: 200 }] }),
  ignored('ignored, with events before and after', 'ignores, with an event', '/ignored-event', {
    hits: ['event Test before', 'event Test after'],
  }),
  tracks('an event in the request', 'tracks an event', '/event', [
    { hit: 'event Cart open', params: { e_n: 'name', e_v: '3' } },
  ]),
  tracks('an event in close', 'tracks an event in close', '/event-in-close', ['event Test close']),
  {
    name: 'events when the client of a stream has left',
    does: 'tracks what a stream leaves',
    sends: [get('/events-of-stream', { leaves: 'in the body' })],
    hits: ['GET /events-of-stream 200', 'event Test request closed', 'event Test response closed'],
  },
  tracks(
    'an event after the response',
    'tracks an event after the response',
    '/event-after',
    ['event Test after the response'],
    {
      sends: [get('/event-after', { waits: 'event Test after the response' })],
    },
  ),
  tracks(
    'an event long after',
    'tracks an event long after the response',
    '/event-long-after',
    ['event Test long after'],
    {
      needs: ['time'],
      sends: [get('/event-long-after', { waits: 'event Test long after' })],
    },
  ),
  tracks('a goal, an order and a search', 'tracks a goal, an order and a search', '/goal', [
    { hit: 'goal 7', params: { revenue: '5' } },
    { hit: 'order A-1', params: { revenue: '12', ec_items: /"X"/ } },
    { hit: 'search shoes', params: { search_cat: 'shop' } },
  ]),
  page(
    'an event has the user of its request',
    'tracks, with what was annotated',
    '/event-of-user',
    { uid: 'grace', dimension5: 'annotated' },
    { hits: [{ hit: 'event Test annotated', params: { uid: 'grace' } }] },
  ),
  page('measured steps, one of which rejects', 'measures', '/measured', {
    pf_dm1: TWENTY,
    pf_dm2: TWENTY,
    gt_ms: /^\d+$/,
    pf_srv: /^\d+$/,
  }),
  page(
    'functions for the request',
    'for the request',
    '/for-request',
    { dimension5: 'for the request', pf_dm2: TWENTY },
    { hits: ['event Test for the request', 'goal 3'] },
  ),
  {
    name: 'callbacks of a pool, for the request',
    does: 'asks a pool for the request',
    ...atOnce('/pool', 'abcd', (client) => [
      { hit: 'GET /pool 200', params: { dimension5: client } },
      { hit: `event Pool ${client}` },
    ]),
  },
  {
    name: 'callbacks of a pool that an instrumentation binds',
    does: 'asks a pool that an instrumentation binds',
    needs: ['spans'],
    ...atOnce('/pool-bound', 'abcdefgh', (client) => [
      { hit: 'GET /pool-bound 200', params: { dimension5: client } },
      { hit: `event Bound ${client}` },
    ]),
  },
  {
    name: 'a large body',
    does: 'reads the body',
    sends: [post('/body-large', 'y'.repeat(500_000))],
    hits: [
      { hit: 'POST /body-large 200', params: { dimension5: '500000 of y' } },
      'event Test body',
    ],
  },
];
