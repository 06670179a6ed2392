import { get, type Scenario } from '../scenario.js';

/** Calls in spans, recorded or not, and spans that come too late. */
const rows: readonly Scenario[] = [
  {
    name: 'annotated while tracing is suppressed',
    does: 'annotates while tracing is suppressed',
    sends: [get('/span-suppressed')],
    hits: [
      { hit: 'GET /span-suppressed 200', params: { dimension5: 'suppressed' } },
      { hit: 'event Suppressed event', params: { url: /\/span-suppressed$/ } },
    ],
  },
  {
    name: 'annotated in spans of any sampler, of two requests at once',
    does: 'annotates in a span of any sampler',
    sendsAtOnce: true,
    sends: [...'abcdef'].map((name) => get(`/span-of-sampler?${name}`)),
    hits: [...'abcdef'].flatMap((name) => [
      {
        hit: 'GET /span-of-sampler 200',
        params: { url: new RegExp(`\\?${name}$`), dimension5: 'in a span' },
      },
      { hit: 'event Span event', params: { url: new RegExp(`\\?${name}$`) } },
    ]),
  },
  {
    name: 'annotated in a CLIENT span',
    does: 'annotates in a CLIENT span',
    sends: [get('/span-of-client')],
    hits: [{ hit: 'GET /span-of-client 200', params: { dimension5: 'in a call' } }],
  },
  {
    name: 'annotated in a span in a span, and after it',
    does: 'annotates two spans deep',
    sends: [get('/span-deep')],
    hits: [
      { hit: 'GET /span-deep 200', params: { dimension5: 'deep', dimension6: 'after the span' } },
    ],
  },
  {
    name: 'ignored in a span',
    ignored: 'attribute',
    does: 'ignores in a span',
    sends: [get('/span-ignoring')],
    hits: [],
  },
  {
    name: 'a span that ends much too late',
    needs: ['spans', 'time'],
    does: 'annotates with a span that ends much too late',
    sends: [get('/span-too-late')],
    unusedSpans: 1,
    hits: [{ hit: 'GET /span-too-late 200', params: { dimension5: undefined, pf_dm1: undefined } }],
  },
  {
    name: 'a span that begins much too late',
    needs: ['spans', 'time'],
    does: 'annotates with a span that begins much too late',
    sends: [get('/span-far-too-late')],
    unusedSpans: 1,
    hits: [{ hit: 'GET /span-far-too-late 200', params: { dimension5: undefined } }],
  },
];

export const SPAN_CALLS: readonly Scenario[] = rows.map((row) => ({ needs: ['spans'], ...row }));
