import { get, post, type Scenario } from '../scenario.js';

export const FUNCTIONS: readonly Scenario[] = [
  {
    name: 'an annotated request',
    does: 'annotates',
    sends: [post('/annotated', 'x')],
    hits: [{ hit: 'Checkout 200', params: { dimension5: 'pro', dimension1: 'POST' } }],
  },
  {
    name: 'annotated twice, later',
    does: 'annotates twice, later',
    sends: [get('/annotated-later')],
    hits: [
      { hit: 'GET /annotated-later 200', params: { dimension5: 'later', dimension6: 'first' } },
    ],
  },
  {
    name: 'annotated by a middleware and the handler',
    before: 'annotates before',
    does: 'annotates over it',
    sends: [get('/annotated-before')],
    hits: [
      {
        hit: 'GET /annotated-before 200',
        params: { dimension5: 'handler', dimension6: 'middleware' },
      },
    ],
  },
  ...(
    [
      ['finish', 'finish'],
      ['close', 'close'],
      ['a timer', 'timer'],
      ['an interval', '3'],
    ] as const
  ).map(([where, value]): Scenario => {
    const path = `/annotated-in-${where.replace(' ', '-')}`;
    return {
      name: `annotated in ${where}`,
      does: `annotates in ${where}`,
      sends: [get(path)],
      hits: [{ hit: `GET ${path} 200`, params: { dimension5: value } }],
    };
  }),
  {
    name: 'annotated in a tick and in a microtask',
    does: 'annotates in a tick',
    sends: [get('/annotated-tick')],
    hits: [
      { hit: 'GET /annotated-tick 200', params: { dimension5: 'tick', dimension6: 'microtask' } },
    ],
  },
  {
    name: 'annotated when the client has left',
    does: 'annotates what the client left',
    sends: [get('/annotated-left', { leaves: 'in the body' })],
    hits: [{ hit: 'GET /annotated-left 499', params: { dimension5: 'left' } }],
  },
  {
    name: 'annotated much too late',
    does: 'annotates much too late',
    needs: ['time'],
    logs: ['annotated-too-late'],
    sends: [get('/annotated-too-late')],
    hits: [{ hit: 'GET /annotated-too-late 200', params: { dimension5: undefined } }],
  },
  {
    name: 'ignored much too late',
    does: 'ignores much too late',
    needs: ['time'],
    sends: [get('/ignored-too-late')],
    hits: ['GET /ignored-too-late 200'],
  },
  {
    name: 'ignored',
    ignored: 'attribute',
    does: 'ignores',
    sends: [get('/ignored')],
    hits: [],
    receives: [{ status: 200 }],
  },
  {
    name: 'ignored later',
    ignored: 'attribute',
    does: 'ignores later',
    sends: [get('/ignored-later')],
    hits: [],
  },
  {
    name: 'ignored by a middleware',
    ignored: 'attribute',
    before: 'ignores',
    does: 'annotates',
    sends: [get('/ignored-before')],
    hits: [],
  },
  {
    name: 'ignored in finish',
    ignored: 'attribute',
    does: 'ignores in finish',
    sends: [get('/ignored-in-finish')],
    hits: [],
  },
  {
    name: 'ignored, with events before and after',
    ignored: 'attribute',
    does: 'ignores, with an event',
    sends: [get('/ignored-with-event')],
    hits: ['event Test before', 'event Test after'],
  },
  {
    name: 'an event in the request',
    does: 'tracks an event',
    sends: [get('/event')],
    hits: [
      'GET /event 200',
      { hit: 'event Cart open', params: { e_n: 'name', e_v: '3', url: /\/event$/ } },
    ],
  },
  {
    name: 'an event in finish',
    does: 'tracks an event in finish',
    sends: [get('/event-in-finish')],
    hits: ['GET /event-in-finish 200', 'event Test finish'],
  },
  {
    name: 'an event in close',
    does: 'tracks an event in close',
    sends: [get('/event-in-close')],
    hits: ['GET /event-in-close 200', 'event Test close'],
  },
  {
    name: 'an event when the request has closed',
    does: 'tracks an event in the end of the request',
    sends: [post('/event-in-request-close', 'body')],
    hits: ['POST /event-in-request-close 200', 'event Test request closed'],
  },
  {
    name: 'events when the client of a stream has left',
    does: 'tracks what a stream leaves',
    sends: [get('/events-of-stream', { leaves: 'in the body' })],
    hits: ['GET /events-of-stream 200', 'event Test request closed', 'event Test response closed'],
  },
  {
    name: 'an event after the response',
    does: 'tracks an event after the response',
    sends: [get('/event-after', { waits: 'event Test after the response' })],
    hits: [
      'GET /event-after 200',
      { hit: 'event Test after the response', params: { url: /\/event-after$/ } },
    ],
  },
  {
    name: 'an event long after the response',
    does: 'tracks an event long after the response',
    needs: ['time'],
    sends: [get('/event-long-after', { waits: 'event Test long after' })],
    hits: [
      'GET /event-long-after 200',
      { hit: 'event Test long after', params: { url: /\/event-long-after$/ } },
    ],
  },
  {
    name: 'a goal',
    does: 'tracks a goal',
    sends: [get('/goal')],
    hits: ['GET /goal 200', { hit: 'goal 7', params: { revenue: '5', url: /\/goal$/ } }],
  },
  {
    name: 'an order',
    does: 'tracks an order',
    sends: [post('/order', 'x')],
    hits: ['POST /order 200', { hit: 'order A-1', params: { revenue: '12', ec_items: /"X"/ } }],
  },
  {
    name: 'a search',
    does: 'tracks a search',
    sends: [get('/find')],
    hits: ['GET /find 200', { hit: 'search shoes', params: { search_cat: 'shop' } }],
  },
  {
    name: 'an event has the user of its request',
    does: 'tracks, with what was annotated',
    sends: [get('/event-of-user')],
    hits: [
      { hit: 'GET /event-of-user 200', params: { uid: 'grace', dimension5: 'annotated' } },
      { hit: 'event Test annotated', params: { uid: 'grace' } },
    ],
  },
  {
    name: 'a measured step',
    does: 'measures',
    sends: [get('/measured')],
    hits: [
      {
        hit: 'GET /measured 200',
        params: { pf_dm1: /^(?:19|[2-9]\d|\d{3,})$/, gt_ms: /^\d+$/, pf_srv: /^\d+$/ },
      },
    ],
  },
  {
    name: 'a measured step that rejects',
    does: 'measures what rejects',
    sends: [get('/measured-failure')],
    hits: [{ hit: 'GET /measured-failure 200', params: { pf_dm2: /^(?:19|[2-9]\d|\d{3,})$/ } }],
  },
  {
    name: 'a measured step without a wait',
    does: 'measures without a wait',
    sends: [get('/measured-at-once')],
    hits: [{ hit: 'GET /measured-at-once 200', params: { pf_dm1: /^(?:[5-9]|\d{2,})$/ } }],
  },
  {
    name: 'functions for the request',
    does: 'for the request',
    sends: [get('/for-request')],
    hits: [
      {
        hit: 'GET /for-request 200',
        params: { dimension5: 'for the request', pf_dm2: /^(?:19|[2-9]\d|\d{3,})$/ },
      },
      { hit: 'event Test for the request', params: { url: /\/for-request$/ } },
      'goal 3',
    ],
  },
  {
    name: 'ignored for the request',
    ignored: 'attribute',
    does: 'ignores for the request',
    sends: [get('/for-request-ignored')],
    hits: [],
  },
  {
    name: 'callbacks of a pool, for the request',
    does: 'asks a pool for the request',
    sendsAtOnce: true,
    sends: ['a', 'b', 'c', 'd'].map((name) => get(`/pool?${name}`)),
    hits: ['a', 'b', 'c', 'd'].flatMap((name) => [
      { hit: 'GET /pool 200', params: { url: new RegExp(`\\?${name}$`), dimension5: name } },
      { hit: `event Pool ${name}`, params: { url: new RegExp(`\\?${name}$`) } },
    ]),
  },
  {
    name: 'callbacks of a pool, with functions of the handler',
    does: 'asks a pool, with functions of before',
    sendsAtOnce: true,
    sends: ['a', 'b', 'c'].map((name) => get(`/pool-of-before?${name}`)),
    hits: ['a', 'b', 'c'].map((name) => ({
      hit: 'GET /pool-of-before 200',
      params: { url: new RegExp(`\\?${name}$`), dimension5: name },
    })),
  },
  {
    name: 'callbacks of a pool that an instrumentation binds',
    does: 'asks a pool that an instrumentation binds',
    needs: ['spans'],
    sendsAtOnce: true,
    sends: [...'abcdefgh'].map((name) => get(`/pool-bound?${name}`)),
    hits: [...'abcdefgh'].flatMap((name) => [
      { hit: 'GET /pool-bound 200', params: { url: new RegExp(`\\?${name}$`), dimension5: name } },
      { hit: `event Bound ${name}`, params: { url: new RegExp(`\\?${name}$`) } },
    ]),
  },
  {
    name: 'concurrent steps of concurrent requests',
    does: 'tracks from concurrent steps',
    sendsAtOnce: true,
    sends: ['a', 'b', 'c'].map((name) => get(`/concurrent?${name}`)),
    hits: ['a', 'b', 'c'].flatMap((name) => [
      {
        hit: 'GET /concurrent 200',
        params: { url: new RegExp(`\\?${name}$`), dimension5: name, dimension6: name },
      },
      { hit: `event Concurrent ${name}`, params: { url: new RegExp(`\\?${name}$`) } },
    ]),
  },
  {
    name: 'a body in one part',
    does: 'reads the body',
    sends: [post('/body', 'x')],
    hits: [
      { hit: 'POST /body 200', params: { dimension5: '1 of x' } },
      { hit: 'event Test body', params: { url: /\/body$/ } },
    ],
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
  {
    name: 'bodies that arrive late, and of two clients',
    does: 'reads the body',
    sendsAtOnce: true,
    sends: ['m', 'n'].map((letter) =>
      post(`/body-late?${letter}`, letter.repeat(3), { isBodyLate: true }),
    ),
    hits: ['m', 'n'].flatMap((letter) => [
      {
        hit: 'POST /body-late 200',
        params: { url: new RegExp(`\\?${letter}$`), dimension5: `3 of ${letter}` },
      },
      { hit: 'event Test body', params: { url: new RegExp(`\\?${letter}$`) } },
    ]),
  },
];
