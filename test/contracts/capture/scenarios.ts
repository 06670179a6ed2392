import type { ComingPart } from '../../support/skips.js';
import type { ColumnSetup, Framework, Received, Sent } from '../doors/capture.js';

/** What Matomo gets. Titles of page views end with their status: `GET /a 200`. */
export interface ExpectedHit {
  /** `page`: `GET /orders/:id 200`. `event`: `Cart open`. `download`: its path. `goal`, `order`, `other`. */
  readonly hit: string;
  /** Parameters of the hit; `undefined` if it has none. */
  readonly params?: Readonly<Record<string, string | RegExp | undefined>>;
}

/** A hit without parameters of interest is its text. */
export type Hits = readonly (string | ExpectedHit)[];

export interface Scenario {
  readonly name: string;
  /** Of the handler, if it is not the path of the first request. */
  readonly route?: string;
  /** Where the router of the route is mounted. */
  readonly mount?: string;
  /** What the handler does: a name in `doors/capture/handlers.cjs`. None: there is no route. */
  readonly does?: string;
  /** What a middleware before it does. */
  readonly before?: string;
  /** Sent one after the other. No other scenario has these paths. */
  readonly sends: readonly Sent[];
  readonly hits: Hits;
  /** Where titles and hits differ. */
  readonly differs?: Partial<Record<Framework, Hits>>;
  /** What the client gets. */
  readonly receives?: readonly Partial<Received>[];
  /** Columns that do not have it. */
  readonly except?: (column: Omit<ColumnSetup, 'routes'>) => boolean;
  readonly from?: ComingPart;
  readonly differsToday?: string;
}

const get = (path: string, more: Partial<Sent> = {}): Sent => ({ path, ...more });
const post = (path: string, body: string, more: Partial<Sent> = {}): Sent => ({
  path,
  method: 'POST',
  body,
  ...more,
});

const STATUSES: [status: number, title: string][] = [
  [201, 'GET /status-201'],
  [204, 'GET /status-204'],
  [301, 'GET /status-301'],
  [302, 'GET /status-302'],
  [304, 'GET /status-304'],
  [400, 'GET Bad Request'],
  [401, 'GET Unauthorized'],
  [403, 'GET Forbidden'],
  [404, 'GET Not Found'],
  [405, 'GET Method Not Allowed'],
  [409, 'GET /status-409'],
  [422, 'GET /status-422'],
  [429, 'GET /status-429'],
  [500, 'GET /status-500'],
  [503, 'GET /status-503'],
];

/** Frameworks that pass their routes: a failed request is titled by its route. */
const withRoute = (hits: Hits): Scenario['differs'] => ({
  express: hits,
  fastify: hits,
});

const withoutRoute = (hits: Hits): Scenario['differs'] => ({
  node: hits,
  stream: hits,
  koa: hits,
  hono: hits,
});

const statuses = STATUSES.map(([status, title]): Scenario => {
  const path = `/status-${status}`;
  return {
    name: `status ${status}`,
    does: `status ${status}`,
    sends: [get(path)],
    hits: [`${title} ${status}`],
    differs: withRoute([`GET ${path} ${status}`]) ?? {},
    receives: [{ status, isComplete: true }],
  };
});

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a plain request',
    does: 'ok',
    sends: [get('/plain?page=2&token=secret')],
    hits: [
      {
        hit: 'GET /plain 200',
        params: { url: /\/plain\?page=2&token=redacted$/, dimension1: 'GET', dimension2: '200' },
      },
    ],
  },
  {
    name: 'a route with a parameter',
    route: '/orders/:order',
    does: 'ok',
    sends: [get('/orders/7', { method: 'DELETE' })],
    hits: ['DELETE /orders/:order 200'],
    differs: withoutRoute(['DELETE /orders/:id 200']),
  },
  {
    name: 'no route',
    sends: [get('/nothing-here')],
    hits: ['GET Not Found 404'],
    receives: [{ status: 404 }],
  },
  ...statuses,
  {
    name: 'an annotated request',
    does: 'annotates',
    sends: [post('/annotated', 'x')],
    hits: [{ hit: 'Checkout 200', params: { dimension5: 'pro', dimension1: 'POST' } }],
  },
  {
    name: 'a request that is annotated twice, later',
    does: 'annotates later',
    sends: [get('/annotated-later')],
    hits: [
      { hit: 'GET /annotated-later 200', params: { dimension5: 'later', dimension6: 'first' } },
    ],
  },
  {
    name: 'an ignored request',
    does: 'ignores',
    sends: [get('/ignored')],
    hits: [],
    receives: [{ status: 200 }],
  },
  {
    name: 'an event in the request',
    does: 'tracks an event',
    sends: [get('/event')],
    hits: [
      'GET /event 200',
      { hit: 'event Cart open', params: { e_n: 'name', e_v: '3', url: /\/event$/ } },
    ],
  },
  {
    name: 'a measured step',
    does: 'measures',
    sends: [get('/measured')],
    hits: [{ hit: 'GET /measured 200', params: { pf_dm1: /^\d+$/ } }],
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
    name: 'a client that leaves before the headers',
    does: 'never answers',
    sends: [get('/never', { leaves: 'before headers' })],
    hits: ['GET /never 499'],
  },
  {
    name: 'a client that leaves in the body',
    does: 'writes half',
    sends: [get('/half', { leaves: 'in the body' })],
    hits: ['GET /half 499'],
  },
  {
    name: 'a server that destroys the connection before the headers',
    does: 'destroys at once',
    sends: [get('/destroyed-at-once')],
    hits: ['GET /destroyed-at-once 500'],
    receives: [{ status: undefined }],
  },
  {
    name: 'a server that destroys the connection in the body',
    does: 'destroys in the middle',
    sends: [get('/destroyed')],
    hits: ['GET /destroyed 500'],
    receives: [{ status: 200, isComplete: false }],
  },
];
