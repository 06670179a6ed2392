import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import { request as requestByHttp1 } from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Agent } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { startBulkReceiver } from '../../support/bulk-receiver.js';
import { CHATGPT, FIREFOX } from '../../support/chatbots.js';
import { eventually, ROOT, type Server, startServer } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import {
  expectHits,
  installNodeBeforeTests,
  matrix,
  packBeforeTests,
  preparePlace,
} from '../../support/matrix.js';
import { APPS, matomo, REGISTER } from '../../support/registered-app.js';
import { prepareRuntime } from '../../support/runtimes.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';

const NODES = sampled([26], [22, 26]);
/** A local one: for others, HTTPS is assumed. */
const HOST = 'localhost:8443';
const TLS = { SERVER: 'tls' };
/** A twentieth of the streams that were sent, if these stayed in memory. */
const MAX_MORE_BYTES = 5e6;
/** A client with it receives all at once. */
const WINDOW_BYTES = 2 ** 31 - 1;
const MCP_CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find_order"}}';
const TOKEN = 'a'.repeat(32);

const FRAMEWORKS = {
  name: 'http2-frameworks',
  dependencies: { fastify: '5.12.8', koa: '3.2.1' },
};

const npmPackage = packBeforeTests();

describe.each(NODES)('Node.js %i', (major) => {
  const nodePath = installNodeBeforeTests(major);

  async function start(more: Record<string, string> = {}, preloads: readonly string[] = []) {
    const node = nodePath();
    const { inspector, env: site } = await matomo();
    const env = { MATOMO_SCHEDULE_DELAY: '100', ...site, ...more };
    const app = await startServer([...preloads, ...REGISTER, `${APPS}/http2.cjs`], { env, node });
    return { inspector, app };
  }

  test('each stream makes one hit, with its status, its context and its annotations', async () => {
    const { inspector, app } = await start();
    await visit(
      app,
      ...['/plain?page=2', '/annotated', '/measured', '/ignored', '/missing', '/express'],
      ...['/stream/plain', '/stream/annotated', '/stream/file', '/stream/no-content', '/pushed'],
      ['/plain', { ':method': 'HEAD' }],
      ['/rpc', { ':method': 'POST' }, '{"jsonrpc":"2.0","method":"add"}'],
      ['/mcp', { ':method': 'POST' }, MCP_CALL],
      ['/plain', { ':method': 'POST', 'content-type': 'application/grpc+proto' }],
    );
    expect(app.stderr()).toBe('');
    expect(inspector.hits().map(summaryOf)).toEqual([
      'GET /plain 200',
      'Checkout 200 pro',
      'event',
      'GET /measured 200 measured',
      'GET Not Found 404',
      'GET /express/:id 200',
      'GET /stream/plain 200',
      'Checkout 201 stream',
      'GET /stream/file 200',
      'GET /stream/no-content 204',
      'GET /pushed 200',
      'HEAD /plain 200',
      'POST /rpc add 200',
      'MCP tools/call find_order 200',
    ]);
    const [first] = inspector.hits();
    expect(first?.params.url).toBe(`http://${HOST}/plain?page=2`);
    for (const { params } of inspector.hits())
      if (params.e_c === undefined) expect(params.gt_ms).toBeDefined();
  });

  test('a server that only gets gRPC makes no hit, and nothing is said of it', async () => {
    const { inspector, app } = await start();
    await visit(app, ['/plain', { ':method': 'POST', 'content-type': 'application/grpc' }]);
    expect(inspector.hits()).toEqual([]);
    expect(app.stderr()).toBe('');
  });

  test('a page view has the time of its start, and an event its own', async () => {
    const clock = ['--require', `./${APPS}/stepping-clock.cjs`];
    const now = Date.now() - 3_600_000;
    const { inspector, app } = await start({ CLOCK: String(now) }, clock);
    await visit(app, '/annotated');
    const seconds = inspector
      .hits()
      .map(({ params }) => [params.e_c ?? 'page', Number(params.cdt) - Math.floor(now / 1000)]);
    expect(Object.fromEntries(seconds)).toEqual({ page: 0, Cart: 3 });
    expect(app.stderr()).toBe('');
  });

  test.each(['/echo', '/stream/echo'])(
    '%s: bodies of concurrent streams arrive in the async context of their requests',
    async (path) => {
      const { inspector, app } = await start();
      const client = open(app);
      const names = Array.from({ length: 20 }, (_, i) => `body-${i}`);
      const streams = names.map((name) => {
        const stream = client.request({ ...headersOf(`${path}?${name}`), ':method': 'POST' });
        return { name, stream, body: text(stream) };
      });
      await Promise.all(streams.map(({ stream }) => once(stream, 'ready')));
      for (const { name, stream } of streams) stream.write(name.slice(0, 3));
      await ask(client, '/plain');
      for (const { name, stream } of streams.toReversed()) stream.end(name.slice(3));
      expect(await Promise.all(streams.map(({ body }) => body))).toEqual(names);
      client.close();
      await app.stop();
      const found = inspector.hits().flatMap(({ params, stored }) => {
        const { search } = new URL(params.url ?? '');
        return search === '' ? [] : [`${search} ${params.dimension5} ${stored?.custom_var_v1}`];
      });
      expect(sorted(found)).toEqual(sorted(names.map((name) => `?${name} ${name} 200`)));
    },
  );

  test('what the client sent decides, and a new key names nobody before it is let in', async () => {
    const { inspector, app } = await start({
      MATOMO_DO_NOT_TRACK: 'true',
      MATOMO_USER_ID: 'http.request.header.x-api-key',
      MATOMO_VISITOR_KEY: 'stable',
    });
    const keyed = { 'x-api-key': 'key of ann' };
    const stripped = ['/stripped', '/stream/stripped'].flatMap((path): Asked[] => [
      [path, { ...keyed, dnt: '1' }],
      [path, keyed],
    ]);
    await visit(app, ['/unauthorized', keyed], ...stripped, ['/unauthorized', keyed]);
    const named = inspector.hits().map(({ stored, params }) => `${stored?.title} ${params.uid}`);
    const user = '5d86cf2dc36e7374';
    expect(sorted(named)).toEqual([
      `GET /stream/stripped ${user}`,
      `GET /stripped ${user}`,
      `GET Unauthorized ${user}`,
      'GET Unauthorized undefined',
    ]);
  });

  test('forRequest finds the request of a stream and of wrappers in the context of another', async () => {
    const { inspector, app } = await start();
    const client = open(app);
    const found = ask(client, '/found');
    await ask(client, '/plain'); // the other stream has begun
    await ask(client, '/calls-back');
    await found;
    client.close();
    await app.stop();
    expect(sorted(inspector.hits().map(summaryOf))).toEqual([
      'GET /calls-back 200 other',
      'GET /found 200 request measured',
      'GET /plain 200',
      'event',
    ]);
    const event = inspector.hits().find(({ params }) => params.e_c !== undefined);
    expect(event?.params.url).toMatch(/\/found$/);
  });

  test('a handler that destroys the session calls back the writes of others in their own contexts', async () => {
    const { inspector, app } = await start();
    const client = open(app);
    await begin(client, '/called-back');
    await ask(client, '/session-destroyed').catch(() => undefined);
    await app.stop();
    const hits = inspector.hits().map((hit) => `${summaryOf(hit)} ${hit.params.url}`);
    expect(sorted(hits)).toEqual([
      `GET /called-back 500 http://${HOST}/called-back`,
      `GET /session-destroyed 500 http://${HOST}/session-destroyed`,
      `event http://${HOST}/called-back`,
    ]);
  });

  test('a route that a framework stores on the request of the compatibility API is the title', async () => {
    const { inspector, app } = await start();
    await visit(app, '/aliased');
    expect(inspector.hits().map(summaryOf)).toEqual(['GET /orders/:order 200']);
  });

  test('an aborted response is 499, one that the server ends 500, a complete one its own status', async () => {
    const { inspector, app } = await start();
    const reset = open(app);
    for (const path of ['/half', '/whole', '/pending', '/events']) await leave(reset, path);
    // As curl and Envoy do.
    await leave(reset, '/half?curl', constants.NGHTTP2_STREAM_CLOSED);
    const envoy = open(app);
    for (const path of ['/half', '/stream/file', '/pending'])
      await leave(envoy, `${path}?envoy`, constants.NGHTTP2_NO_ERROR);
    const never = reset.request(headersOf('/never'));
    never.on('error', () => undefined);
    await ask(reset, '/plain'); // the server has the other stream, too
    never.close(constants.NGHTTP2_CANCEL);
    await once(never, 'close');
    for (const path of ['/destroyed', '/reset']) await ask(reset, path).catch(() => undefined);
    reset.close();

    const goneAway = open(app);
    await begin(goneAway, '/half?goaway');
    goneAway.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const closed = open(app);
    await begin(closed, '/half?closed');
    closed.destroy();
    const disconnected = open(app);
    const stream = await begin(disconnected, '/half?disconnected');
    (stream.session as ClientHttp2Session & { socket: Socket }).socket.resetAndDestroy?.();
    disconnected.destroy();
    const destroyed = open(app);
    await ask(destroyed, '/session-destroyed').catch(() => undefined);

    await eventually(() => inspector.hits().length >= 16);
    await app.stop();
    const statuses = inspector.hits().map(({ params, stored }) => {
      const { pathname, search } = new URL(params.url ?? '');
      return `${pathname}${search} ${stored?.custom_var_v1}`;
    });
    expect(sorted(statuses)).toEqual([
      '/destroyed 500',
      '/events 200',
      '/half 499',
      '/half?closed 499',
      '/half?curl 499',
      '/half?disconnected 499',
      '/half?envoy 499',
      '/half?goaway 499',
      '/never 499',
      '/pending 499',
      '/pending?envoy 499',
      '/plain 200',
      '/reset 500',
      '/session-destroyed 500',
      '/stream/file?envoy 499',
      '/whole 200',
    ]);
    expect(app.stderr()).toBe('');
  });

  test('a response is complete if the connection still sends it when both sides have ended the stream', async () => {
    const { inspector, app } = await start();
    const client = open(app, { initialWindowSize: WINDOW_BYTES });
    await once(client, 'connect');
    client.setLocalWindowSize(WINDOW_BYTES);
    const body = await ask(client, '/stream/large', { ':method': 'POST' }, 'body');
    expect(body).toHaveLength(40e6);
    client.close();
    await app.stop();
    expect(inspector.hits().map(summaryOf)).toEqual(['POST /stream/large 200']);
  });

  test('a processor without register, which makes no hits of streams, keeps none in memory', async () => {
    const { inspector, env } = await matomo();
    const more = { ...env, COUNTS_STREAMS: '1', SETUP: 'processor' };
    const app = await startServer(['--expose-gc', `${APPS}/http2.cjs`], {
      env: more,
      node: nodePath(),
    });
    const client = open(app);
    for (let i = 0; i < 10; i++) await ask(client, '/remembered');
    const streams = async () => JSON.parse(await ask(client, '/memory')).streams;
    // The stream that asks, and the one before.
    await eventually(async () => (await streams()) <= 2);
    client.close();
    await app.stop();
    expect(inspector.hits()).toEqual([]);
  });

  test('streams that are open when the process ends make their hits', async () => {
    const { inspector, app } = await start();
    const client = open(app);
    await begin(client, '/half');
    await begin(client, '/events');
    await ask(client, '/plain');
    await app.stop();
    client.destroy();
    expect(sorted(inspector.hits().map(summaryOf))).toEqual([
      'GET /events 200',
      'GET /half 200',
      'GET /plain 200',
    ]);
  });

  test.each([
    ['one session without TLS', {}],
    ['TLS', TLS],
    ['a worker thread', { ...TLS, IN_THREAD: '1' }],
  ])('headers, address, consumer and sizes, over %s', async (_where, env) => {
    const { inspector, app } = await start({
      ...env,
      MATOMO_SCHEDULE_DELAY: '60000', // all hits are sent at the end, so that none is in flight then
      MATOMO_TOKEN_AUTH: TOKEN,
      MATOMO_VISITOR_KEY: 'stable',
      MATOMO_ANONYMIZE_IP: '0',
      MATOMO_USER_ID: 'http.request.header.x-api-key',
      MATOMO_DIMENSIONS:
        '1=http.request.header.x-app-version,2=http.response.header.x-cache,3=http.response.header.x-region,' +
        '4=network.protocol.version,5=matomo.deprecated_endpoint',
      MATOMO_AI_CHATBOTS: 'separate',
      MATOMO_DO_NOT_TRACK: 'true',
    });
    const client = open(app);
    const sent = {
      'user-agent': FIREFOX,
      'accept-language': 'de-DE',
      referer: 'https://shop.example/cart',
      'x-api-key': 'key of ann',
      'x-app-version': '4.2',
    };
    await ask(client, '/headers', sent);
    await ask(client, '/sized', { 'user-agent': CHATGPT });
    await ask(client, '/stream/file', { 'user-agent': CHATGPT });
    await ask(client, '/app.css');
    await ask(client, '/prefetched', { 'sec-purpose': 'prefetch' });
    await ask(client, '/socket.io/?EIO=4&transport=polling&sid=1');
    await ask(client, '/plain', { dnt: '1' });
    client.close();
    await app.stop();
    const [page, sized, file, ...others] = sortedByPath(inspector.hits());
    expect(others).toEqual([]);
    const scheme = 'SERVER' in env ? 'https' : 'http';
    expect(page?.params).toMatchObject({
      url: `${scheme}://${HOST}/headers`,
      ua: FIREFOX,
      lang: 'de-DE',
      urlref: 'https://shop.example/cart',
      cip: '127.0.0.1',
      dimension1: '4.2',
      dimension2: 'HIT',
      dimension3: 'eu',
      dimension4: '2',
      dimension5: 'GET /headers',
    });
    expect(page?.params.uid).toMatch(/^[0-9a-f]{16}$/);
    const { size } = statSync(`${ROOT}test/fixtures/matomo-corpus/bulks.jsonl`);
    expect([sized?.aiRequest?.bytes, file?.aiRequest?.bytes]).toEqual([1234, size]);
    expect(app.stderr()).toBe('');
  });

  test('a stream with a SERVER span makes the hit of its span', async () => {
    const { inspector, app } = await start({ SETUP: 'provider' });
    const client = open(app);
    for (const path of ['/spans', '/plain', '/spans']) await ask(client, path);
    client.close();
    await eventually(() => inspector.hits().length >= 3);
    await app.stop();
    expect(sorted(inspector.hits().map(summaryOf))).toEqual([
      'GET /plain 200',
      'GET /spans 200 span',
      'GET /spans 200 span',
    ]);
  });

  test('undici, curl and HTTP/1.1 at a server with allowHTTP1: one hit for each request', async () => {
    requires('curl');
    const { inspector, app } = await start(TLS);
    const dispatcher = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    onTestFinished(() => dispatcher.close());
    for (const path of ['/stream/undici', '/plain']) {
      const { body } = await dispatcher.request({ origin: app.url, path, method: 'GET' });
      expect(await body.text()).toBe('ok');
    }
    const byHttp1 = requestByHttp1(`${app.url}/http1`, { agent: false, rejectUnauthorized: false });
    const [response] = await once(byHttp1.end(), 'response');
    expect(await text(response)).toBe('ok');
    const urls = ['/stream/curl', '/annotated', '/curl'].map((path) => app.url + path);
    const args = ['--silent', '--insecure', '--http2', '--write-out', '%{http_version}'];
    const { stdout } = await promisify(execFile)('curl', [...args, ...urls]);
    expect(stdout).toBe('ok2ok2ok2');
    await app.stop();
    expect(sorted(inspector.hits().map(summaryOf))).toEqual([
      'Checkout 200 pro',
      'GET /curl 200',
      'GET /http1 200',
      'GET /plain 200',
      'GET /stream/curl 200',
      'GET /stream/undici 200',
      'event',
    ]);
    expect(app.stderr()).toBe('');
  });

  test('10,000 streams of a session, half of them aborted, are counted once each and stay in memory nowhere', async () => {
    const receiver = await startBulkReceiver();
    const app = await startServer(['--expose-gc', ...REGISTER, `${APPS}/http2.cjs`], {
      node: nodePath(),
      env: {
        COUNTS_STREAMS: '1',
        MATOMO_URL: receiver.url,
        MATOMO_SITE_ID: '1',
        MATOMO_SCHEDULE_DELAY: '100',
      },
    });
    const control = open(app);
    const memory = async () => JSON.parse(await ask(control, '/memory'));
    const client = open(app);
    const hits = (name: string) =>
      receiver.bulks.flatMap(({ names }) => names.filter((each) => each === name)).length;
    const seen = () => [hits('plain'), hits('half')];

    async function send(count: number): Promise<void> {
      const clients = Array.from({ length: 50 }, async () => {
        for (let i = 0; i < count / 100; i++) {
          await ask(client, '/plain');
          await leave(client, '/half');
        }
      });
      await Promise.all(clients);
    }

    await send(2000); // loads and compiles what this takes
    await eventually(() => hits('half') === 1000);
    const before = await memory();
    await send(10_000);
    await eventually(() => seen().join() === '6000,6000', { describe: () => seen().join() });
    const after = await memory();
    expect(after.bytes - before.bytes).toBeLessThan(MAX_MORE_BYTES);
    // What is left is the stream that asks, and the one before.
    await eventually(async () => (await memory()).streams <= 2);
    client.close();
    await once(client, 'close');
    await eventually(async () => (await memory()).streams <= 2);
    await app.stop();
    expect(seen()).toEqual([6000, 6000]);
  });

  test.each(['fastify', 'koa'])('%s: one hit per request, with its title', async (framework) => {
    const place = await preparePlace({ node: major, setUp: FRAMEWORKS }, npmPackage());
    const env = { REQUESTS: JSON.stringify(matrix.REQUESTS) };
    await expectHits({
      ...place,
      args: [...REGISTER, `http2/${framework}.cjs`],
      client: { file: 'http2/client.cjs', path: '', env },
    });
  });
});

test('on Bun, requests are answered, and one line says that they are not tracked', async () => {
  const { node } = await prepareRuntime('bun', npmPackage());
  const { inspector, env } = await matomo();
  const args = ['--preload', 'opentelemetry-matomo/register', `${APPS}/http2.cjs`];
  const app = await startServer(args, { env, node });
  const client = open(app);
  expect([await ask(client, '/plain'), await ask(client, '/plain')]).toEqual(['ok', 'ok']);
  client.close();
  await app.stop();
  expect(inspector.hits()).toEqual([]);
  expect(app.stderr()).toMatch(/^opentelemetry-matomo: .* \[http2-not-tracked\]\n$/);
});

function open(app: Server, settings: Settings = {}): ClientHttp2Session {
  const session = connect(app.url, { rejectUnauthorized: false, settings });
  session.on('error', () => undefined);
  session.on('stream', (pushed) => pushed.resume());
  onTestFinished(() => session.destroy());
  return session;
}

function headersOf(path: string, more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return { ':path': path, ':authority': HOST, 'user-agent': 'curl/8.5.0', ...more };
}

/** The body of a response. */
async function ask(
  session: ClientHttp2Session,
  path: string,
  more: OutgoingHttpHeaders = {},
  body?: string,
): Promise<string> {
  const stream = session.request(headersOf(path, more), { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const received = await text(stream);
  if (!stream.closed) await once(stream, 'close');
  return received;
}

/** A path, headers and a body. */
type Asked = [path: string, more?: OutgoingHttpHeaders, body?: string];

/** Sends requests one after the other in a session, and ends the application. */
async function visit(app: Server, ...requests: (string | Asked)[]): Promise<void> {
  const client = open(app);
  for (const request of requests) {
    await ask(client, ...(typeof request === 'string' ? ([request] as Asked) : request));
  }
  client.close();
  await app.stop();
}

/** A stream whose response has begun. */
async function begin(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  const stream = session.request(headersOf(path));
  stream.on('error', () => undefined);
  await once(stream, 'data');
  return stream;
}

/** Resets the stream in the middle of the response. */
async function leave(
  session: ClientHttp2Session,
  path: string,
  code: number = constants.NGHTTP2_CANCEL,
): Promise<void> {
  const stream = await begin(session, path);
  const closed = new Promise((resolve) => stream.once('close', resolve)); // it may have an error, too
  stream.close(code);
  await closed;
}

function summaryOf({ params, stored }: InspectedHit): string {
  if (params.e_c !== undefined) return 'event';
  const mark = [stored?.title, stored?.custom_var_v1, params.dimension5];
  if (params.pf_dm1 !== undefined) mark.push('measured');
  return mark.filter((each) => each !== undefined).join(' ');
}

function sortedByPath(hits: readonly InspectedHit[]): InspectedHit[] {
  const order = ['/headers', '/sized', '/stream/file'];
  const place = ({ params }: InspectedHit) => order.indexOf(new URL(params.url ?? '').pathname);
  return hits.toSorted((one, other) => place(one) - place(other));
}
