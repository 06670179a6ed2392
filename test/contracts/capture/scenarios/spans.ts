import { get, runs, type Scenario } from '../scenario.js';

const NOTHING = {
  pf_dm1: undefined,
  pf_dm2: undefined,
  dimension5: undefined,
  dimension6: undefined,
};

/** Attributes and events of spans, which need an instrumentation. */
const recorded: readonly Scenario[] = [
  runs(
    'annotates with a child span',
    { dimension5: 'child', pf_dm1: /^\d+$/ },
    { title: 'Report', needs: ['child spans'] },
  ),
  runs('annotates with its span', { dimension5: 'span' }, { title: 'Span' }),
  runs('tracks with a span event', {}, { hits: ['event Span event'] }),
  {
    name: 'a route that code sets on the span',
    route: '/set/*',
    does: 'sets its route on the span',
    sends: [get('/set/x/span')],
    hits: ['GET /set/:by/span 200'],
    differs: { express: ['GET /set/x/span 200'], 'instrumented koa': ['GET /set/x/span 200'] },
  },
  runs(
    'has a nested SERVER span',
    { dimension5: 'nested', dimension6: 'in nested' },
    { hits: ['event Nested event'] },
  ),
  runs('starts a job', NOTHING, { unusedSpans: 2 }),
  runs(
    'annotates in a child span',
    { dimension5: 'in a child' },
    { needs: ['child spans'], hits: ['event Child event'] },
  ),
  runs('has a span that ends late', NOTHING, {
    needs: ['recorded', 'time'],
    sent: { waits: 'event Late span' },
    hits: ['event Late span'],
    unusedSpans: 1,
  }),
  // When the SERVER span ends, seen from the response.
  runs(
    'ends its span, and answers later',
    { dimension5: 'after the span' },
    { status: 201, receives: [{ status: 201 }] },
  ),
  runs(
    'ends its span in the body',
    {},
    {
      status: 202,
      hits: ['event Test after the span'],
      receives: [{ status: 202, isComplete: true }],
    },
  ),
  runs('ends its span twice'),
];

/** Calls in spans, recorded or not, and spans that come too late. */
const any: readonly Scenario[] = [
  runs(
    'annotates while tracing is suppressed',
    { dimension5: 'suppressed' },
    { hits: ['event Suppressed event'] },
  ),
  runs(
    'annotates two spans deep',
    { dimension5: 'deep', dimension6: 'after the span' },
    { hits: ['event Deep event'] },
  ),
  runs('annotates with a span that ends much too late', NOTHING, {
    needs: ['spans', 'time'],
    unusedSpans: 1,
  }),
];

export const SPANS: readonly Scenario[] = [
  ...recorded.map((row): Scenario => ({ needs: ['recorded'], ...row })),
  ...any.map((row): Scenario => ({ needs: ['spans'], ...row })),
];
