import { get, page, type Scenario } from '../scenario.js';

const NOTHING = {
  pf_dm1: undefined,
  pf_dm2: undefined,
  dimension5: undefined,
  dimension6: undefined,
};

const SPAN_EVENT = { hits: ['event Span event'] };

/** Attributes and events of spans, which need an instrumentation. */
const recorded: readonly Scenario[] = [
  {
    name: 'attributes of a child span',
    needs: ['child spans'],
    does: 'annotates with a child span',
    sends: [get('/span-child')],
    hits: [{ hit: 'Report 200', params: { dimension5: 'child', pf_dm1: /^\d+$/ } }],
  },
  {
    name: 'attributes of its span',
    does: 'annotates with its span',
    sends: [get('/span-annotated')],
    hits: [{ hit: 'Span 200', params: { dimension5: 'span' } }],
  },
  page('an event of its span', 'tracks with a span event', '/span-event', {}, SPAN_EVENT),
  {
    name: 'a route that code sets on the span',
    route: '/set/*',
    does: 'sets its route on the span',
    sends: [get('/set/x/span')],
    hits: ['GET /set/:by/span 200'],
    differs: { express: ['GET /set/x/span 200'], 'instrumented koa': ['GET /set/x/span 200'] },
  },
  page(
    'a nested SERVER span',
    'has a nested SERVER span',
    '/span-nested',
    { dimension5: 'nested', dimension6: 'in nested' },
    { hits: ['event Nested event'] },
  ),
  page('the span of a job beside an open request', 'starts a job', '/span-job', NOTHING, {
    unusedSpans: 2,
  }),
  page(
    'annotated in a child span',
    'annotates in a child span',
    '/span-in-child',
    { dimension5: 'in a child' },
    { needs: ['child spans'], hits: ['event Child event'] },
  ),
  page('a child span that ends long after', 'has a span that ends late', '/span-late', NOTHING, {
    needs: ['recorded', 'time'],
    sends: [get('/span-late', { waits: 'event Late span' })],
    hits: ['event Late span'],
    unusedSpans: 1,
  }),
  // When the SERVER span ends, seen from the response.
  {
    name: 'a SERVER span that ends before the response has begun',
    does: 'ends its span, and answers later',
    sends: [get('/span-ends-early')],
    hits: [{ hit: 'GET /span-ends-early 201', params: { dimension5: 'after the span' } }],
    receives: [{ status: 201 }],
  },
  {
    name: 'a SERVER span that ends while the response is sent',
    does: 'ends its span in the body',
    sends: [get('/span-ends-in-body')],
    hits: ['GET /span-ends-in-body 202', 'event Test after the span'],
    receives: [{ status: 202, isComplete: true }],
  },
  page('a SERVER span that is ended twice', 'ends its span twice', '/span-ends-twice'),
];

/** Calls in spans, recorded or not, and spans that come too late. */
const any: readonly Scenario[] = [
  page(
    'annotated while tracing is suppressed',
    'annotates while tracing is suppressed',
    '/span-suppressed',
    { dimension5: 'suppressed' },
    { hits: ['event Suppressed event'] },
  ),
  page(
    'annotated in spans, one in the other, and after them',
    'annotates two spans deep',
    '/span-deep',
    { dimension5: 'deep', dimension6: 'after the span' },
    { hits: ['event Deep event'] },
  ),
  page(
    'a span that ends much too late',
    'annotates with a span that ends much too late',
    '/span-too-late',
    NOTHING,
    { needs: ['spans', 'time'], unusedSpans: 1 },
  ),
];

export const SPANS: readonly Scenario[] = [
  ...recorded.map((row): Scenario => ({ needs: ['recorded'], ...row })),
  ...any.map((row): Scenario => ({ needs: ['spans'], ...row })),
];
