import { get, type Scenario } from '../scenario.js';

/** When the SERVER span ends, seen from the response. */
const rows: readonly Scenario[] = [
  {
    name: 'a SERVER span that ends before the response has begun',
    does: 'ends its span, and answers later',
    sends: [get('/span-ends-early')],
    hits: [{ hit: 'GET /span-ends-early 201', params: { dimension5: 'after the span' } }],
    receives: [{ status: 201 }],
  },
  {
    name: 'a SERVER span that ends with an error before the response has begun',
    does: 'ends its span with an error, and answers later',
    sends: [get('/span-ends-failed')],
    hits: ['GET /span-ends-failed 500'],
    receives: [{ status: 201 }],
  },
  {
    name: 'a SERVER span that ends while the response is sent',
    does: 'ends its span in the body',
    sends: [get('/span-ends-in-body')],
    hits: ['GET /span-ends-in-body 202', 'event Test after the span'],
    receives: [{ status: 202, isComplete: true }],
  },
  {
    name: 'a SERVER span that ends in finish',
    does: 'ends its span in finish',
    sends: [get('/span-ends-in-finish')],
    hits: ['GET /span-ends-in-finish 203'],
  },
  {
    name: 'a SERVER span that is ended twice',
    does: 'ends its span twice',
    sends: [get('/span-ends-twice')],
    hits: ['GET /span-ends-twice 200'],
  },
];

export const SPAN_ENDS: readonly Scenario[] = rows.map((row) => ({ needs: ['recorded'], ...row }));
