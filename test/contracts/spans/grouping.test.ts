import type { Span } from '../doors/spans.js';
import { dimensions, request } from './request-span.js';
import { track } from './row.js';

const TIMED = { 'matomo.perf_key': 'pf_dm1' };
const below = (id: string, more: Partial<Span>): Span => ({ id, parent: 'one', ...more });
const LOCAL = { ways: ['exporter', 'gateway'] } as const;

track([
  {
    name: 'two requests of one trace, without a common parent',
    spans: [request('one'), request('two')],
    hits: ['GET /one 200', 'GET /two 200'],
  },
  {
    name: 'child spans annotate their request, also below others',
    spans: [
      { id: 'leaf', parent: 'step', attributes: dimensions({ 5: 'leaf' }) },
      { id: 'step', parent: 'one' },
      { id: 'beside', parent: 'one', attributes: dimensions({ 6: 'beside' }) },
      request('one'),
    ],
    hits: [{ hit: 'GET /one 200', params: { dimension5: 'leaf', dimension6: 'beside' } }],
  },
  {
    name: 'a child span that begins first and ends last wins',
    spans: [
      below('later', { startMillis: 4, durationMillis: 2, attributes: dimensions({ 5: 'later' }) }),
      below('around', {
        startMillis: 1,
        durationMillis: 8,
        attributes: dimensions({ 5: 'around' }),
      }),
      request('one'),
    ],
    hits: [{ hit: 'GET /one 200', params: { dimension5: 'around' } }],
  },
  {
    name: 'a SERVER span in a request is a part of it',
    spans: [
      { id: 'step', parent: 'inner', attributes: dimensions({ 6: 'step' }) },
      request('inner', { parent: 'between', attributes: dimensions({ 5: 'inner' }) }),
      { id: 'between', parent: 'outer', kind: 'PRODUCER' },
      request('outer'),
    ],
    hits: [{ hit: 'GET /outer 200', params: { dimension5: 'inner', dimension6: 'step' } }],
  },
  {
    name: 'a SERVER span below a CLIENT span is a request of its own',
    spans: [
      { id: 'step', parent: 'called', attributes: dimensions({ 5: 'step' }) },
      request('called', { parent: 'call', isParentRemote: true }),
      { id: 'call', parent: 'outer', kind: 'CLIENT', attributes: dimensions({ 6: 'call' }) },
      request('outer'),
    ],
    hits: [
      { hit: 'GET /outer 200', params: { dimension5: undefined, dimension6: 'call' } },
      { hit: 'GET /called 200', params: { dimension5: 'step', dimension6: undefined } },
    ],
  },
  {
    name: 'requests that are each other’s parents are one',
    spans: [
      request('one', { parent: 'two', attributes: { 'url.path': '/same' } }),
      request('two', { parent: 'one', attributes: { 'url.path': '/same' } }),
    ],
    hits: ['GET /same 200'],
    ...LOCAL,
  },
  {
    name: 'spans that are each other’s parents, beside a request',
    spans: [
      { id: 'a', parent: 'b', attributes: dimensions({ 5: 'a' }) },
      { id: 'b', parent: 'a', attributes: dimensions({ 5: 'b' }) },
      request('one'),
    ],
    hits: [{ hit: 'GET /one 200', params: { dimension5: undefined } }],
    unused: 2,
    ...LOCAL,
  },
  {
    name: 'a span that comes twice counts once',
    spans: [
      ...Array.from({ length: 24 }, (_each, i) =>
        below(`step-${i % 12}`, { durationMillis: 1, attributes: TIMED }),
      ),
      request('one', { durationMillis: 100 }),
      request('one', { durationMillis: 100 }),
    ],
    hits: [{ hit: 'GET /one 200', params: { pf_dm1: '12' } }],
    ...LOCAL,
  },
  {
    name: 'a span whose parent is missing is of no request',
    spans: [
      { id: 'step', parent: 'missing', attributes: dimensions({ 5: 'step' }) },
      request('one'),
    ],
    hits: [{ hit: 'GET /one 200', params: { dimension5: undefined } }],
    unused: 1,
  },
  {
    name: 'a request whose parent is missing is one',
    spans: [
      { id: 'step', parent: 'one', attributes: dimensions({ 5: 'step' }) },
      request('one', { parent: 'missing' }),
    ],
    hits: [{ hit: 'GET /one 200', params: { dimension5: 'step' } }],
    ...LOCAL,
  },
  {
    name: 'a SERVER span that is no request, with a request below',
    spans: [
      request('one', { parent: 'function' }),
      { id: 'function', kind: 'SERVER', attributes: { 'faas.trigger': 'http' } },
    ],
    hits: ['GET /one 200'],
  },
  {
    name: 'a SERVER span without a method is logged',
    spans: [{ id: 'odd', kind: 'SERVER', attributes: { 'http.verb': 'GET' } }],
    hits: [],
    codes: ['spans-without-method'],
  },
  ...['rpc.system', 'rpc.system.name', 'grpc.method'].map((name) => ({
    name: `a SERVER span of ${name} is no request, and is not logged`,
    spans: [request('other', { attributes: { [name]: 'x' } })],
    hits: [],
  })),
  {
    name: 'a SERVER span of a message is no request, and is not logged',
    spans: [{ id: 'other', kind: 'SERVER', attributes: { 'messaging.system': 'x' } }],
    hits: [],
  },
]);
