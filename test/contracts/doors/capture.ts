import { once } from 'node:events';
import { type OutgoingHttpHeaders, request as requestByHttp1 } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { InspectedHit, Inspector } from '../../../src/inspector/index.js';
import { eventually, type Server, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';

/** `none`: without tracing. `processor`: SDK 2 with `MatomoSpanProcessor`. `register`: `register` beside SDK 2. */
export type Tracing = 'none' | 'processor' | 'register';
export type Framework = 'node' | 'stream' | 'express' | 'fastify' | 'koa' | 'hono';

/** A route for all methods, and names in `capture/handlers.cjs`. */
export interface Route {
  /** Where the router of the route is mounted. */
  readonly mount?: string;
  readonly route: string;
  readonly handler: string;
  /** Runs first, as a middleware of this route. */
  readonly before?: string;
}

export interface ColumnSetup {
  readonly protocol: '1.1' | '2';
  readonly tracing: Tracing;
  readonly framework: Framework;
  readonly routes: readonly Route[];
  /** Share of traces that are sampled. @default 1 */
  readonly sampler?: number;
  /** Environment variables of the package. */
  readonly options?: Readonly<Record<string, string>>;
  /** Path of a `node`. @default the one that runs this */
  readonly node?: string;
}

export interface Sent {
  readonly path: string;
  /** @default 'GET' */
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Leaves before the headers of the response, or in its body. */
  readonly leaves?: 'before headers' | 'in the body';
  /** Bytes of a connection of its own, instead of all above. */
  readonly raw?: string;
}

/** What the client sees: the status, or that there was none. */
export interface Received {
  readonly status: number | undefined;
  readonly isComplete: boolean;
}

/** A hit as Matomo gets it. */
export interface TrackedHit {
  /** `GET /a 200` for a page view: its title and status. `event Cart open`, `goal 1`, `order A1`, `download`, `search shoes`. */
  readonly hit: string;
  /** Of its URL. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

/** An application with all routes, whose hits go to a Matomo of its own. */
export interface Column {
  readonly url: string;
  send(sent: Sent): Promise<Received>;
  hits(): readonly TrackedHit[];
  /** Waits for hits that come without an end of the application. */
  atLeast(count: number): Promise<void>;
  /** What the application has written to its error output. */
  errors(): string;
  /** Ends the application, which delivers all hits. */
  stop(): Promise<readonly TrackedHit[]>;
}

const DIMENSIONS =
  '1=http.request.method,2=http.response.status_code,3=http.route,4=network.protocol.version';
const APP = 'test/contracts/doors/capture/app.cjs';

export async function startColumn(setup: ColumnSetup): Promise<Column> {
  const { protocol, tracing, framework, routes, sampler = 1, options, node } = setup;
  const inspector = await startMatomo({ customVariables: true });
  const env = {
    PROTOCOL: protocol,
    TRACING: tracing,
    FRAMEWORK: framework,
    SAMPLER: String(sampler),
    ROUTES: JSON.stringify(routes),
    NODE_ENV: 'test',
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SCHEDULE_DELAY: '200',
    MATOMO_DIMENSIONS: DIMENSIONS,
    ...options,
  };
  const preload = tracing === 'processor' ? [] : ['--require', 'opentelemetry-matomo/register'];
  const app = await startServer([...preload, APP], { env, ...(node && { node }) });
  return new ChildColumn(app, inspector);
}

class ChildColumn implements Column {
  readonly url: string;
  readonly #app: Server;
  readonly #inspector: Inspector;

  constructor(app: Server, inspector: Inspector) {
    this.url = app.url;
    this.#app = app;
    this.#inspector = inspector;
  }

  async send(sent: Sent): Promise<Received> {
    return sent.raw === undefined
      ? sendByHttp1(this.url, sent, (path) => this.#begun(path))
      : sendRaw(this.url, sent.raw);
  }

  #begun(path: string): Promise<unknown> {
    return eventually(() => this.#app.stdout().includes(`begun ${path}\n`));
  }

  hits = () => this.#inspector.hits().map(toTrackedHit);

  async atLeast(count: number): Promise<void> {
    await eventually(() => this.hits().length >= count, {
      describe: () => `${count} hits, but ${this.hits().length}`,
    });
  }

  errors = () => this.#app.stderr();

  async stop(): Promise<readonly TrackedHit[]> {
    await this.#app.stop();
    return this.hits();
  }
}

const DEFAULT_HEADERS = { 'user-agent': 'curl/8.5.0', host: 'shop.example' };

/** Resolves when a handler has begun. */
type HasBegun = (path: string) => Promise<unknown>;

async function sendByHttp1(url: string, sent: Sent, hasBegun: HasBegun): Promise<Received> {
  const { path, method = 'GET', headers = {}, body, leaves } = sent;
  const request = requestByHttp1(url, {
    agent: false,
    path,
    method,
    headers: { ...DEFAULT_HEADERS, ...headers },
  });
  request.on('error', () => undefined);
  request.end(body);
  if (leaves === 'before headers') {
    await hasBegun(path);
    request.destroy();
    return { status: undefined, isComplete: false };
  }
  const closed = new Promise((resolve) => request.once('close', resolve));
  const response = await Promise.race([
    once(request, 'response').then(([first]) => first),
    closed.then(() => undefined),
  ]).catch(() => undefined);
  if (response === undefined) return { status: undefined, isComplete: false };
  if (leaves === 'in the body') {
    await once(response, 'data');
    request.destroy();
    await closed;
    return { status: response.statusCode, isComplete: false };
  }
  const isComplete = await text(response).then(
    () => true,
    () => false,
  );
  return { status: response.statusCode, isComplete };
}

/** The status of the first answer, and whether the server closed the connection itself. */
async function sendRaw(url: string, bytes: string): Promise<Received> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  const received = await text(socket).catch(() => '');
  const status = /^HTTP\/1\.1 (\d+)/.exec(received)?.[1];
  return { status: status === undefined ? undefined : Number(status), isComplete: true };
}

function toTrackedHit({ params, stored, status }: InspectedHit): TrackedHit {
  const { pathname } = new URL(params.url ?? params.download ?? 'http://none');
  return {
    hit: nameOf(params, stored?.title ?? params.action_name, status),
    path: pathname,
    params,
  };
}

function nameOf(params: Record<string, string>, title = '', status: number | undefined): string {
  if (params.e_c !== undefined) return `event ${params.e_c} ${params.e_a}`;
  if (params.idgoal === '0') return `order ${params.ec_id}`;
  if (params.idgoal !== undefined) return `goal ${params.idgoal}`;
  if (params.search !== undefined) return `search ${params.search}`;
  if (params.download !== undefined) return `download ${status}`;
  return `${title} ${status}`;
}
