import { get, post, type Scenario, withRoute } from '../scenario.js';

const STATUSES: [status: number, title: string][] = [
  [204, 'GET /status-204'],
  [304, 'GET /status-304'],
  [404, 'GET Not Found'],
  [500, 'GET /status-500'],
];

const statuses = STATUSES.map(([status, title]): Scenario => {
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
    ['writes half a failure', 499],
    ['writes video of a known size', 499],
    ['writes events', 200],
    ['writes video', 200],
  ] as const
).map(([does, status]): Scenario => {
  const path = `/left-${does.toLowerCase().replaceAll(' ', '-')}`;
  return {
    name: `a handler that ${does}, and a client that leaves`,
    does,
    sends: [get(path, { leaves: 'in the body' })],
    hits: [
      {
        hit: does === 'writes video' ? `download ${status}` : `GET ${path} ${status}`,
        params: status === 200 ? { pf_srv: undefined } : {},
      },
    ],
  };
});

/** A response that is not finished, and the server destroys it. */
const destroyed = (
  [
    ['destroys at once', 500, undefined],
    ['destroys later', 500, undefined],
    ['destroys in the middle', 500, 200],
    ['destroys a failure in the middle', 502, 502],
    ['destroys events', 200, 200],
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

/** Bytes of requests of one connection. */
const bytes = (...requests: (readonly string[])[]) =>
  requests.map((lines) => `${lines.join('\r\n')}\r\n\r\n`).join('');
const LAST = 'Connection: close';
const HOST = 'Host: shop.example';
const CONSENT = 'X-Consent: yes';

export const RESPONSES: readonly Scenario[] = [
  {
    name: 'a plain request',
    does: 'ok',
    sends: [get('/plain?page=2&token=secret')],
    hits: [
      {
        hit: 'GET /plain 200',
        params: {
          url: /\/plain\?page=2&token=redacted$/,
          dimension1: 'GET',
          dimension2: '200',
          gt_ms: /^\d+$/,
          pf_srv: /^\d+$/,
        },
      },
    ],
    receives: [{ status: 200, isComplete: true }],
  },
  ...statuses,
  ...left,
  ...destroyed,
  {
    name: 'a client that leaves before the headers',
    does: 'never answers',
    sends: [get('/never', { leaves: 'before headers' })],
    hits: ['GET /never 499'],
  },
  {
    name: 'a server that ends the socket',
    does: 'ends the socket',
    needs: ['HTTP/1.1'],
    sends: [get('/socket-end')],
    hits: ['GET /socket-end 200'],
    receives: [{ status: 200, isComplete: false }],
  },
  {
    name: 'a response in parts',
    does: 'writes three times',
    sends: [get('/parts')],
    hits: ['GET /parts 202'],
    receives: [{ status: 202, isComplete: true }],
  },
  {
    name: 'a stream that the framework sends',
    does: 'a stream of the framework',
    sends: [get('/framework-stream')],
    hits: ['GET /framework-stream 200'],
    receives: [{ status: 200, isComplete: true }],
  },
  {
    name: 'an event stream that ends',
    does: 'writes events, then ends',
    sends: [get('/stream-with-end')],
    hits: [{ hit: 'GET /stream-with-end 200', params: { pf_srv: undefined } }],
    receives: [{ status: 200, isComplete: true }],
  },
  {
    name: 'a handler that throws',
    does: 'throws',
    sends: [get('/throws')],
    hits: ['GET /throws 500'],
    receives: [{ status: 500, isComplete: true }],
  },
  {
    name: 'a handler that rejects',
    does: 'rejects',
    sends: [get('/rejects')],
    hits: ['GET /rejects 500'],
    receives: [{ status: 500, isComplete: true }],
  },
  {
    name: 'a handler that fails with a status',
    does: 'fails with its own status',
    sends: [get('/teapot')],
    hits: ['GET /teapot 418'],
    differs: { hono: ['GET /teapot 500'] },
  },
  {
    name: 'a middleware that throws',
    before: 'throws',
    does: 'ok',
    sends: [get('/middleware-throws')],
    hits: ['GET /middleware-throws 500'],
  },
  ...['HEAD', 'PUT'].map(
    (method): Scenario => ({
      name: `the method ${method}`,
      does: 'ok',
      sends: [get(`/by-${method.toLowerCase()}`, { method })],
      hits: [{ hit: `${method} /by-${method.toLowerCase()} 200`, params: { dimension1: method } }],
    }),
  ),
  {
    name: 'requests one after the other on a connection',
    does: 'annotates a user',
    needs: ['HTTP/1.1'],
    sends: [
      get('/kept-alive', {
        raw: bytes(
          ['GET /kept-alive?1 HTTP/1.1', HOST, CONSENT],
          ['GET /kept-alive?2 HTTP/1.1', HOST, CONSENT, LAST],
        ),
        isOneByOne: true,
      }),
    ],
    hits: [
      { hit: 'GET /kept-alive 200', params: { url: /\?1$/, uid: 'ada' } },
      { hit: 'GET /kept-alive 200', params: { url: /\?2$/, uid: 'ada' } },
    ],
  },
  {
    name: 'pipelined requests',
    does: 'ok',
    needs: ['HTTP/1.1'],
    sends: [
      get('/pipelined', {
        raw: bytes(
          ['GET /pipelined?1 HTTP/1.1', HOST, CONSENT],
          ['GET /pipelined?2 HTTP/1.1', HOST, CONSENT],
          ['GET /pipelined?3 HTTP/1.1', HOST, CONSENT, LAST],
        ),
      }),
    ],
    hits: [1, 2, 3].map((n) => ({
      hit: 'GET /pipelined 200',
      params: { url: new RegExp(`\\?${n}$`) },
    })),
  },
  {
    name: 'HTTP/1.0 without a host',
    does: 'ok',
    needs: ['HTTP/1.1'],
    sends: [get('/old', { raw: bytes(['GET /old HTTP/1.0', CONSENT]) })],
    hits: [{ hit: 'GET /old 200', params: { dimension4: '1.0' } }],
    differs: { hono: ['GET Bad Request 400'] },
  },
  {
    name: 'a request without a host',
    does: 'ok',
    needs: ['HTTP/1.1', 'all requests'],
    sends: [get('/no-host', { raw: bytes(['GET /no-host HTTP/1.1', CONSENT, LAST]) })],
    hits: ['GET Bad Request 400'],
    receives: [{ status: 400 }],
  },
  {
    name: 'a request that expects what nobody knows',
    does: 'ok',
    needs: ['HTTP/1.1', 'all requests'],
    sends: [
      get('/expects', {
        raw: bytes(['GET /expects HTTP/1.1', HOST, CONSENT, 'Expect: wonders', LAST]),
      }),
    ],
    hits: ['GET /expects 417'],
    receives: [{ status: 417 }],
  },
  {
    name: 'a client that waits for 100 Continue',
    does: 'reads the body',
    needs: ['HTTP/1.1'],
    sends: [post('/continue', 'xyz', { headers: { expect: '100-continue' }, isBodyLate: true })],
    hits: [{ hit: 'POST /continue 200', params: { dimension5: '3 of x' } }, 'event Test body'],
  },
  {
    name: 'a client that leaves while it sends its body',
    does: 'reads the body',
    needs: ['HTTP/1.1'],
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
