import type { Sent } from '../../doors/capture.js';
import { get, page, post, raw, runs, type Scenario, withRoute } from '../scenario.js';

const statuses: readonly Scenario[] = [
  {
    name: 'status 404',
    does: 'status 404',
    sends: [get('/status-404')],
    hits: ['GET Not Found 404'],
    differs: withRoute(['GET /status-404 404']),
  },
  runs('status 500', {}, { status: 500, receives: [{ status: 500, isComplete: true }] }),
];

/** A response that begins, and the client leaves: `499`, or the status of a stream without an end. */
const LEFT: readonly Scenario[] = [
  runs('writes half', {}, { sent: { leaves: 'in the body' }, status: 499 }),
  runs('writes events', { pf_srv: undefined }, { sent: { leaves: 'in the body' } }),
  runs('never answers', {}, { sent: { leaves: 'before headers' }, status: 499 }),
];

const destroyed = (does: string, status?: number): Scenario =>
  runs(does, {}, { status: 500, receives: [{ status, isComplete: false }] });

const inLines = (path: string, ...lines: readonly string[]): Sent =>
  get(path, { raw: `${[...lines, 'X-Consent: yes'].join('\r\n')}\r\n\r\n` });

const ofConnection: readonly Scenario[] = [
  destroyed('ends the socket', 200),
  {
    name: 'events of pipelined requests',
    does: 'tracks its ends',
    sends: [raw(['/pipelined?1', '/pipelined?2', '/pipelined?3'])],
    hits: [/\?1$/, /\?2$/, /\?3$/].flatMap((url) =>
      ['GET /pipelined 200', 'event Test request closed', 'event Test response closed'].map(
        (hit) => ({ hit, params: { url } }),
      ),
    ),
  },
  {
    name: 'HTTP/1.0 without a host',
    does: 'ok',
    sends: [inLines('/old', 'GET /old HTTP/1.0')],
    hits: [{ hit: 'GET /old 200', params: { dimension4: '1.0' } }],
    differs: { hono: ['GET Bad Request 400'] },
  },
  {
    name: 'a request without a host',
    does: 'ok',
    needs: ['HTTP/1.1', 'all requests'],
    sends: [inLines('/no-host', 'GET /no-host HTTP/1.1', 'Connection: close')],
    hits: ['GET Bad Request 400'],
    receives: [{ status: 400 }],
  },
  {
    name: 'a client that leaves while it sends its body',
    does: 'reads the body',
    sends: [
      post('/left-upload', 'x', {
        headers: { 'content-length': '100' },
        isBodyLate: true,
        leaves: 'before headers',
      }),
    ],
    hits: ['POST /left-upload 499'],
  },
];

export const RESPONSES: readonly Scenario[] = [
  page(
    'a plain request',
    'ok',
    '/plain',
    {
      url: /\/plain\?page=2&token=redacted$/,
      dimension1: 'GET',
      dimension2: '200',
      gt_ms: /^\d+$/,
      pf_srv: /^\d+$/,
    },
    {
      sends: [get('/plain?page=2&token=secret')],
      receives: [{ status: 200, isComplete: true }],
    },
  ),
  ...statuses,
  ...LEFT,
  destroyed('destroys at once'),
  destroyed('destroys in the middle', 200),
  runs('a stream of the framework'),
  runs('writes events, then ends', { pf_srv: undefined }),
  runs('throws', {}, { status: 500, receives: [{ status: 500, isComplete: true }] }),
  {
    name: 'the method HEAD',
    does: 'ok',
    sends: [get('/by-head', { method: 'HEAD' })],
    hits: [{ hit: 'HEAD /by-head 200', params: { dimension1: 'HEAD' } }],
  },
  ...ofConnection.map((row): Scenario => ({ needs: ['HTTP/1.1'], ...row })),
];
