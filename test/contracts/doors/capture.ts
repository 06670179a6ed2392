import { once } from 'node:events';
import { type OutgoingHttpHeaders, request as requestByHttp1 } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import type { MatomoStats } from '../../../src/tracker/stats.js';
import { eventually, startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';

/**
 * `none`: without tracing. `processor`: SDK 2 with `MatomoSpanProcessor`. `register`: `register` beside SDK 2. `start`: as `none`,
 * with options in code. `both`: `register` beside SDK 2 with the processor.
 *
 * These change when the first request has begun. `late`: `register`, and an SDK 2 that starts then, too late for the instrumentation of
 * `http`. `late spans`: this is loaded again. `replaced`: `register` beside SDK 2, whose provider is disabled and replaced.
 * `replaced after shutdown`: it is shut down as well. `disabled`: it is disabled only.
 */
type Tracing =
  | 'none'
  | 'processor'
  | 'register'
  | 'start'
  | 'both'
  | 'late'
  | 'late spans'
  | 'replaced'
  | 'replaced after shutdown'
  | 'disabled';
/** `instrumented koa` has an instrumentation of its routes, as `express` has. */
export type Framework =
  | 'node'
  | 'stream'
  | 'express'
  | 'fastify'
  | 'koa'
  | 'instrumented koa'
  | 'hono';

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

type Headers = Readonly<Record<string, string | undefined>>;

export interface Sent {
  readonly path: string;
  /** @default 'GET' */
  readonly method?: string;
  /** `undefined` removes a default. */
  readonly headers?: Headers;
  readonly body?: string;
  /** Leaves before the headers of the response, or in its body. */
  readonly leaves?: 'before headers' | 'in the body';
  /** The body is sent when the handler has begun. */
  readonly isBodyLate?: boolean;
  /** Then waits for this hit, which comes after the response. */
  readonly waits?: string;
  /** Bytes of a connection of its own, instead of all above. */
  readonly raw?: string;
  /** Requests in `raw` wait for the response before them. */
  readonly isOneByOne?: boolean;
}

/** What the client sees: the status, or that there was none. */
export interface Received {
  readonly status: number | undefined;
  /** Over HTTP/1.1: whether the body has its end. */
  readonly isComplete?: boolean;
}

/** A hit as Matomo gets it. */
export interface TrackedHit {
  /** `GET /a 200` for a page view: its title and status. `event Cart open`, `goal 1`, `order A1`, `download`, `search shoes`. */
  readonly hit: string;
  /** Of its URL. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

export type Column = Awaited<ReturnType<typeof startColumn>>;

const CODED = /^opentelemetry-matomo: .* \[([\w-]+)\]$/;
/** Warnings of Node.js, such as those of deprecations. */
const OF_NODE = /^\(node:\d+\) |^\(Use `node --trace-/;

const APP = 'test/contracts/doors/capture/app.cjs';

/** Starts an application with all routes, whose hits go to a Matomo of its own. */
export async function startColumn(setup: ColumnSetup) {
  const { protocol, tracing, framework, routes, sampler = 1, options, node } = setup;
  const inspector = await startMatomo({ customVariables: true });
  const env = {
    ...{ PROTOCOL: protocol, TRACING: tracing, FRAMEWORK: framework, SAMPLER: String(sampler) },
    ...{ ROUTES: JSON.stringify(routes), NODE_ENV: 'test' },
    ...{ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '200' },
    ...options,
  };
  const isPreloaded = tracing !== 'processor' && tracing !== 'start';
  const preload = isPreloaded ? ['--require', 'opentelemetry-matomo/register'] : [];
  const app = await startServer([...preload, APP], { env, hasInput: true, ...(node && { node }) });
  /** One connection of HTTP/2 for all requests. */
  const session = protocol === '2' ? openSession(app.url) : undefined;

  const hits = () => inspector.hits().map(toTrackedHit);
  const hasPrinted = (what: 'begun' | 'closed' | 'postponed' | 'acted', path: string) =>
    app.stdout().includes(`${what} ${path}\n`);
  const hasBegun: HasBegun = (path) => eventually(() => hasPrinted('begun', path));

  function sendByProtocol(sent: Sent): Promise<Received> {
    if (sent.raw !== undefined) return sendRaw(app.url, sent.raw, sent.isOneByOne);
    return session ? sendByHttp2(session, sent, hasBegun) : sendByHttp1(app.url, sent, hasBegun);
  }

  function allStats(): MatomoStats[] {
    const lines = app.stdout().matchAll(/^stats (.*)\n/gm);
    return [...lines].map(([, json]) => JSON.parse(json as string));
  }

  return {
    async send(sent: Sent): Promise<Received> {
      const { path, leaves, waits } = sent;
      const received = await sendByProtocol(sent);
      // The application sees the end of a request later than its client.
      if (leaves || hasPrinted('begun', path)) await eventually(() => hasPrinted('closed', path));
      if (hasPrinted('postponed', path)) await eventually(() => hasPrinted('acted', path));
      if (waits !== undefined) await eventually(() => hits().some(({ hit }) => hit === waits));
      return received;
    },
    /** What became of every request; after `stop` or `askStats`, of a column with options in code. */
    stats: () => allStats().at(-1),
    /** Flushes, then says what has become of every request. */
    async askStats(): Promise<MatomoStats> {
      const { length } = allStats();
      app.type('?\n');
      return eventually(() => allStats()[length]);
    },
    /** Codes of what the package has logged, and whatever else the application has written to its error output, line by line. */
    logged(): readonly string[] {
      const lines = `${app.tracking() ?? ''}${app.stderr()}`.split('\n');
      return lines
        .filter((line) => line !== '' && !OF_NODE.test(line))
        .map((line) => CODED.exec(line)?.[1] ?? line);
    },
    /** Ends the application, which delivers all hits. */
    async stop(): Promise<readonly TrackedHit[]> {
      session?.close();
      await app.stop();
      return hits();
    },
  };
}

/** A client that consents, which `MATOMO_CONSENT` may require. */
const DEFAULT_HEADERS = { 'user-agent': 'curl/8.5.0', host: 'shop.example', 'x-consent': 'yes' };

/** Resolves when a handler has begun. */
type HasBegun = (path: string) => Promise<unknown>;

const withDefaults = (headers: Headers): OutgoingHttpHeaders =>
  Object.fromEntries(
    Object.entries({ ...DEFAULT_HEADERS, ...headers }).filter(([, value]) => value !== undefined),
  );

async function sendByHttp1(url: string, sent: Sent, hasBegun: HasBegun): Promise<Received> {
  const { path, method = 'GET', headers = {}, body, leaves } = sent;
  const options = { agent: false, path, method, headers: withDefaults(headers) };
  const request = requestByHttp1(url, options);
  request.on('error', () => undefined);
  if (sent.isBodyLate) {
    request.flushHeaders();
    await hasBegun(path);
  }
  if (headers['content-length'] !== undefined) request.write(body);
  else request.end(body);
  if (leaves === 'before headers') {
    await hasBegun(path);
    request.destroy();
    return { status: undefined, isComplete: false };
  }
  const closed = new Promise<undefined>((resolve) => request.once('close', resolve));
  const [response] = await Promise.race([once(request, 'response'), closed.then(() => [])]).catch(
    () => [],
  );
  if (response === undefined) return { status: undefined, isComplete: false };
  if (leaves === 'in the body') {
    await once(response, 'data');
    request.destroy();
    await closed;
    return { status: response.statusCode, isComplete: false };
  }
  await text(response).catch(() => undefined);
  return { status: response.statusCode, isComplete: response.complete };
}

function openSession(url: string): ClientHttp2Session {
  const session = connectHttp2(url);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

async function sendByHttp2(
  session: ClientHttp2Session,
  sent: Sent,
  hasBegun: HasBegun,
): Promise<Received> {
  const { path, method = 'GET', headers = {}, body, leaves } = sent;
  const { host, ...others } = withDefaults(headers);
  const requestHeaders = {
    ':path': path,
    ':method': method,
    ':authority': String(host),
    ...others,
  };
  const stream = session.request(requestHeaders, { endStream: body === undefined });
  stream.on('error', () => undefined);
  let status: number | undefined;
  stream.on('response', (received) => {
    status = received[':status'];
  });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  if (sent.isBodyLate) await hasBegun(path);
  if (body !== undefined) stream.end(body);
  if (leaves === 'before headers') await hasBegun(path);
  if (leaves === 'in the body') await once(stream, 'data');
  if (leaves === undefined) stream.resume();
  else stream.close(constants.NGHTTP2_CANCEL);
  await closed;
  return { status };
}

/** The status of the first response, when the server has ended the connection. */
async function sendRaw(url: string, bytes: string, isOneByOne = false): Promise<Received> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const requests = isOneByOne ? bytes.split(/(?<=\r\n\r\n)/) : [bytes];
  let received = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    received += part;
    const answered = received.split('HTTP/1.1 ').length - 1;
    if (answered === sent) sendNext();
  });
  let sent = 0;
  const sendNext = () => {
    const next = requests[sent];
    sent += 1;
    if (next !== undefined) socket.write(next);
  };
  sendNext();
  await new Promise((resolve) => socket.once('close', resolve));
  const status = /^HTTP\/1\.1 (\d+)/.exec(received)?.[1];
  return { status: status === undefined ? undefined : Number(status), isComplete: true };
}

export function toTrackedHit({ params, status }: InspectedHit): TrackedHit {
  const { pathname } = new URL(params.url ?? params.download ?? 'http://none');
  return { hit: nameOf(params, status), path: pathname, params };
}

function nameOf(params: TrackedHit['params'], status: number | undefined): string {
  if (params.recMode !== undefined) return `chatbot ${params.http_status}`;
  if (params.e_c !== undefined) return `event ${params.e_c} ${params.e_a}`;
  if (params.idgoal === '0') return `order ${params.ec_id}`;
  if (params.idgoal !== undefined) return `goal ${params.idgoal}`;
  if (params.search !== undefined) return `search ${params.search}`;
  if (params.download !== undefined) return `download ${status}`;
  return `${params.action_name ?? ''} ${status}`;
}
