import type { Sent } from '../../doors/capture.js';
import { get, page, post, raw, type Scenario, withRoute } from '../scenario.js';

const statuses = (
  [
    [404, 'GET Not Found'],
    [500, 'GET /status-500'],
  ] as const
).map(([status, title]): Scenario => {
  const path = `/status-${status}`;
  return {
    name: `status ${status}`,
    does: `status ${status}`,
    sends: [get(path)],
    hits: [`${title} ${status}`],
    differs: withRoute([`GET ${path} ${status}`]),
    receives: [{ status, isComplete: true }],
  };
});

/** A response that begins, and the client leaves: `499`, or the status of a stream without an end. */
const left = (
  [
    ['writes half', 499],
    ['writes events', 200],
  ] as const
).map(([does, status]): Scenario => {
  const path = `/left-${does.replaceAll(' ', '-')}`;
  return {
    name: `a handler that ${does}, and a client that leaves`,
    does,
    sends: [get(path, { leaves: 'in the body' })],
    hits: [
      {
        hit: `GET ${path} ${status}`,
        params: status === 200 ? { pf_srv: undefined } : {},
      },
    ],
  };
});

const destroyed = (
  [
    ['destroys at once', 500, undefined],
    ['destroys in the middle', 500, 200],
  ] as const
).map(([does, status, received]): Scenario => {
  const path = `/${does.replaceAll(' ', '-')}`;
  return {
    name: `a server that ${does}`,
    does,
    sends: [get(path)],
    hits: [`GET ${path} ${status}`],
    receives: [{ status: received, isComplete: false }],
  };
});

const inLines = (path: string, ...lines: readonly string[]): Sent =>
  get(path, { raw: `${[...lines, 'X-Consent: yes'].join('\r\n')}\r\n\r\n` });

const ofConnection: readonly Scenario[] = [
  {
    name: 'a server that ends the socket',
    does: 'ends the socket',
    sends: [get('/socket-end')],
    hits: ['GET /socket-end 500'],
    receives: [{ status: 200, isComplete: false }],
  },
  {
    name: 'requests one after the other on a connection',
    does: 'annotates a user',
    sends: [raw(['/kept-alive?1', '/kept-alive?2'], { isOneByOne: true })],
    hits: [/\?1$/, /\?2$/].map((url) => ({
      hit: 'GET /kept-alive 200',
      params: { url, uid: 'ada' },
    })),
  },
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
  ...left,
  ...destroyed,
  {
    name: 'a client that leaves before the headers',
    does: 'never answers',
    sends: [get('/never', { leaves: 'before headers' })],
    hits: ['GET /never 499'],
  },
  page('a stream that the framework sends', 'a stream of the framework', '/framework-stream'),
  page('an event stream that ends', 'writes events, then ends', '/stream-with-end', {
    pf_srv: undefined,
  }),
  {
    name: 'a handler that throws',
    does: 'throws',
    sends: [get('/throws')],
    hits: ['GET /throws 500'],
    receives: [{ status: 500, isComplete: true }],
  },
  {
    name: 'the method HEAD',
    does: 'ok',
    sends: [get('/by-head', { method: 'HEAD' })],
    hits: [{ hit: 'HEAD /by-head 200', params: { dimension1: 'HEAD' } }],
  },
  ...ofConnection.map((row): Scenario => ({ needs: ['HTTP/1.1'], ...row })),
];
