import { get, type Scenario } from '../scenario.js';

const TWENTY = /^(?:19|[2-9]\d|\d{3,})$/;

const rows: readonly Scenario[] = [
  {
    name: 'a step that a span times',
    needs: ['child spans'],
    does: 'times a step with a span',
    sends: [get('/span-timed')],
    hits: [{ hit: 'GET /span-timed 200', params: { pf_dm1: TWENTY } }],
  },
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
  {
    name: 'an event of its span',
    does: 'tracks with a span event',
    sends: [get('/span-event')],
    hits: ['GET /span-event 200', { hit: 'event Span event', params: { url: /\/span-event$/ } }],
  },
  {
    name: 'a route that code sets on the span',
    route: '/set/*',
    does: 'sets its route on the span',
    sends: [get('/set/x/span')],
    hits: ['GET /set/:by/span 200'],
    differs: { express: ['GET /set/* 200'], 'instrumented koa': ['GET /set/* 200'] },
  },
  {
    name: 'a nested SERVER span',
    does: 'has a nested SERVER span',
    sends: [get('/span-nested')],
    hits: [
      { hit: 'GET /span-nested 200', params: { dimension5: 'nested', dimension6: 'in nested' } },
      { hit: 'event Nested event', params: { url: /\/span-nested$/ } },
    ],
  },
  {
    name: 'the span of a job beside an open request',
    does: 'starts a job',
    unusedSpans: 2,
    sends: [get('/span-job')],
    hits: [
      {
        hit: 'GET /span-job 200',
        params: {
          pf_dm1: undefined,
          pf_dm2: undefined,
          dimension5: undefined,
          dimension6: undefined,
        },
      },
    ],
  },
  {
    name: 'a child span that ends long after the response',
    needs: ['recorded', 'time'],
    does: 'has a span that ends late',
    sends: [get('/span-late', { waits: 'event Late span' })],
    hits: [
      { hit: 'GET /span-late 200', params: { pf_dm1: undefined, dimension5: undefined } },
      { hit: 'event Late span', params: { url: /\/span-late$/ } },
    ],
    unusedSpans: 1,
  },
  {
    name: 'annotated in a child span',
    needs: ['child spans'],
    does: 'annotates in a child span',
    sends: [get('/span-in-child')],
    hits: [
      { hit: 'GET /span-in-child 200', params: { dimension5: 'in a child' } },
      { hit: 'event Child event', params: { url: /\/span-in-child$/ } },
    ],
  },
];

/** Most need an instrumentation. */
export const SPANS: readonly Scenario[] = rows.map((row) => ({ needs: ['recorded'], ...row }));
