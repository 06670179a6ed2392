import { atOnce, get, post, runs, type Scenario } from '../scenario.js';

const TWENTY = /^(?:19|[2-9]\d|\d{3,})$/;
const MILLIS = { gt_ms: /^\d+$/, pf_srv: /^\d+$/ };

const tracks = (does: string, event: string, more: Parameters<typeof runs>[2] = {}): Scenario =>
  runs(does, {}, { hits: [`event Test ${event}`], ...more });

export const FUNCTIONS: readonly Scenario[] = [
  {
    name: 'an annotated request',
    does: 'annotates',
    sends: [post('/annotated', 'x')],
    hits: [{ hit: 'Checkout 200', params: { dimension5: 'pro', dimension1: 'POST' } }],
  },
  runs('annotates twice, later', { dimension5: 'later', dimension6: 'first' }),
  runs(
    'annotates over it',
    { dimension5: 'handler', dimension6: 'middleware' },
    { before: 'annotates before' },
  ),
  runs('annotates in finish', { dimension5: 'finish' }),
  runs(
    'annotates what the client left',
    { dimension5: 'left' },
    { sent: { leaves: 'in the body' }, status: 499 },
  ),
  runs(
    'annotates much too late',
    { dimension5: undefined },
    { needs: ['time'], logs: ['annotated-too-late'] },
  ),
  {
    name: 'an ignored request',
    does: 'ignores',
    sends: [get('/ignored')],
    hits: [],
    ignored: 'attribute',
    receives: [{ status: 200 }],
  },
  {
    name: 'ignored, with events before and after',
    does: 'ignores, with an event',
    sends: [get('/ignored-event')],
    hits: ['event Test before', 'event Test after'],
    ignored: 'attribute',
  },
  runs(
    'tracks an event',
    {},
    { hits: [{ hit: 'event Cart open', params: { e_n: 'name', e_v: '3' } }] },
  ),
  tracks('tracks an event in close', 'close'),
  runs(
    'tracks what a stream leaves',
    {},
    {
      sent: { leaves: 'in the body' },
      hits: ['event Test request closed', 'event Test response closed'],
    },
  ),
  tracks('tracks an event after the response', 'after the response', {
    sent: { waits: 'event Test after the response' },
  }),
  tracks('tracks an event long after the response', 'long after', {
    needs: ['time'],
    sent: { waits: 'event Test long after' },
  }),
  runs(
    'tracks a goal, an order and a search',
    {},
    {
      hits: [
        { hit: 'goal 7', params: { revenue: '5' } },
        { hit: 'order A-1', params: { revenue: '12', ec_items: /"X"/ } },
        { hit: 'search shoes', params: { search_cat: 'shop' } },
      ],
    },
  ),
  runs(
    'tracks, with what was annotated',
    { uid: 'grace', dimension5: 'annotated' },
    { hits: [{ hit: 'event Test annotated', params: { uid: 'grace' } }] },
  ),
  runs('measures', { pf_dm1: TWENTY, pf_dm2: TWENTY, ...MILLIS }),
  runs(
    'for the request',
    { dimension5: 'for the request', pf_dm2: TWENTY },
    { hits: ['event Test for the request', 'goal 3'] },
  ),
  {
    name: 'callbacks of a pool that an instrumentation binds',
    does: 'asks a pool that an instrumentation binds',
    needs: ['spans'],
    ...atOnce('/pool-bound', 'abcdefgh', (client) => [
      { hit: 'GET /pool-bound 200', params: { dimension5: client } },
      { hit: `event Bound ${client}` },
    ]),
  },
];
