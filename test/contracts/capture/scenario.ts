import type { ColumnSetup, Framework, Received, Sent } from '../doors/capture.js';

export type Needed =
  | 'spans'
  | 'recorded'
  | 'child spans'
  | 'all requests'
  | 'HTTP/1.1'
  | 'code'
  | 'time';

/** What Matomo gets. Titles of page views end with their status: `GET /a 200`. */
export interface ExpectedHit {
  /** `page`: `GET /orders/:id 200`. `event`: `Cart open`. `download`: its path. `goal`, `order`, `other`. */
  readonly hit: string;
  readonly params?: Readonly<Record<string, string | RegExp | undefined>>;
}

/** A hit without parameters of interest is its text. */
export type Hits = readonly (string | ExpectedHit)[];

type Differs = Partial<Record<Framework, Hits>>;

export interface Scenario {
  readonly name: string;
  /** Of the handler, if it is not the path of the first request. */
  readonly route?: string;
  /** Where the router of the route is mounted. */
  readonly mount?: string;
  /** What the handler does: a name in `doors/capture/handlers.cjs`. None: there is no route. */
  readonly does?: string;
  readonly next?: { readonly route: string; readonly does: string };
  readonly before?: string;
  /** Sent one after the other, unless `sendsAtOnce`. No other scenario has these paths. */
  readonly sends: readonly Sent[];
  readonly sendsAtOnce?: boolean;
  /** Of its hits, if they are not those of its requests. */
  readonly paths?: readonly string[];
  readonly hits: Hits;
  readonly differs?: Differs;
  /** Why all of its requests make no page view, as `stats()` counts it. */
  readonly ignored?: string;
  /** Spans with annotations that add to no request. */
  readonly unusedSpans?: number;
  readonly logs?: readonly string[];
  readonly receives?: readonly Partial<Received>[];
  /**
   * What it needs of its column: SERVER spans (`spans`), and that these are `recorded`; an SDK that records `child spans`; requests
   * that Node.js answers itself and that have no spans (`all requests`); connections of HTTP/1.1; options in code; time.
   */
  readonly needs?: readonly Needed[];
  /** Columns that do not have it, for another reason. */
  readonly except?: (column: Omit<ColumnSetup, 'routes'>) => boolean;
}

export const get = (path: string, more: Partial<Sent> = {}): Sent => ({ path, ...more });
export const post = (path: string, body: string, more: Partial<Sent> = {}): Sent => ({
  path,
  method: 'POST',
  body,
  ...more,
});

export const json = (path: string, body: unknown, headers: Sent['headers'] = {}): Sent =>
  post(path, JSON.stringify(body), {
    headers: { 'content-type': 'application/json', ...headers },
  });

/** A GET of one path, answered with 200: the parameters of its page view, and further hits. */
export const page = (
  name: string,
  does: string,
  path: string,
  params: ExpectedHit['params'] = {},
  { hits = [], ...more }: Partial<Scenario> = {},
): Scenario => ({
  name,
  does,
  sends: [get(path)],
  hits: [{ hit: `GET ${path} 200`, params }, ...hits],
  ...more,
});

interface Ran extends Partial<Scenario> {
  /** Of its page view, if it is not method and path. */
  readonly title?: string;
  readonly status?: number;
  readonly sent?: Partial<Sent>;
}

/** A GET of a path of its own, for a handler: the parameters of its page view, and further hits. */
export const runs = (
  does: string,
  params: ExpectedHit['params'] = {},
  { hits = [], title, status = 200, sent = {}, ...more }: Ran = {},
): Scenario => {
  const path = `/${does.replace(/\W+/g, '-')}`;
  return {
    name: `a handler that ${does}`,
    does,
    sends: [get(path, sent)],
    hits: [{ hit: `${title ?? `GET ${path}`} ${status}`, params }, ...hits],
    ...more,
  };
};

/** A GET of each client, which is in the query of its URL and in that of each of its hits. */
export const atOnce = (
  path: string,
  clients: string,
  hitsOf: (client: string) => readonly ExpectedHit[],
): Pick<Scenario, 'sends' | 'sendsAtOnce' | 'hits'> => ({
  sendsAtOnce: true,
  sends: [...clients].map((client) => get(`${path}?${client}`)),
  hits: [...clients].flatMap((client) =>
    hitsOf(client).map(({ hit, params }) => ({
      hit,
      params: { url: new RegExp(`\\?${client}$`), ...params },
    })),
  ),
});

/** GET requests of a connection of their own, which the last one closes. */
export const raw = (targets: readonly string[], more: Partial<Sent> = {}): Sent => {
  const headers = ['Host: shop.example', 'X-Consent: yes', 'User-Agent: curl/8.5.0'];
  const requests = targets.map((target, i) => {
    const lines = [`GET ${target} HTTP/1.1`, ...headers];
    return i === targets.length - 1 ? [...lines, 'Connection: close'] : lines;
  });
  const bytes = requests.map((lines) => `${lines.join('\r\n')}\r\n\r\n`).join('');
  return { path: targets[0] as string, raw: bytes, ...more };
};

const inEach =
  (frameworks: readonly Framework[]) =>
  (hits: Hits): Differs =>
    Object.fromEntries(frameworks.map((framework) => [framework, hits]));

/** Frameworks that pass their routes: a failed request is titled by its route. */
export const withRoute = inEach(['express', 'fastify', 'instrumented koa']);
export const withoutRoute = inEach(['node', 'stream', 'koa', 'hono']);
