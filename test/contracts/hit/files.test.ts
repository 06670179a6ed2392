import { type Facts, NOON } from '../doors/build.js';
import { additional, type Differences, golden, variables } from './golden.js';

/** A request for a document, whose content type and extension are those of a PDF. What else is one: `chatbots.test.ts`. */
const document = (what: string, more: Facts = {}) => ({
  name: `a document: ${what}`,
  facts: {
    path: '/a.pdf',
    route: '',
    responseHeaders: { 'content-type': 'application/pdf' },
    ...more,
  },
  options: { downloads: 'documents' as const },
});
/** The only hit is its download. */
const download = (differences: Differences = {}) => ({
  hits: [
    additional({
      cdt: String(NOON / 1000),
      cvar: variables(200, 'GET'),
      download: 'https://shop.example.org/a.pdf',
      ...differences,
    }),
  ],
});
const NO_TYPE = { responseHeaders: {} };

golden([
  { ...document('with a query', { query: 'x=1' }), ...download() },
  { ...document('HTML', { responseHeaders: { 'content-type': 'text/html' } }) },
  { ...document('of no type', NO_TYPE), ...download() },
  { ...document('HEAD', { method: 'HEAD' }) },
  { ...document('POST', { method: 'POST' }) },
  { ...document('404', { status: 404 }), page: { action_name: 'GET Not Found' } },
  { ...document('304', { ...NO_TYPE, status: 304 }) },
  {
    ...document('its first part', { status: 206, headers: { range: 'bytes=0-99' } }),
    ...download({ cvar: variables(206, 'GET') }),
  },
  { ...document('another part', { status: 206 }), ignored: 'partial' },
  {
    ...document('an event by annotate', { calls: [['annotate', { e_c: 'a', e_a: 'b' }]] }),
    page: { e_c: 'a', e_a: 'b' },
  },
  {
    ...document('annotated', {
      calls: [
        ['annotate', { dimension1: 'x', cvar: { a: 1 } }],
        ['timing', 'pf_dm1', 1],
      ],
    }),
    ...download({ cvar: variables(200, 'GET', { a: '1' }), dimension1: 'x' }),
  },
  { ...document('downloads: off'), options: { downloads: 'off' } },
]);
