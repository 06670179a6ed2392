import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { context, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { currentRequest } from '../../src/request/contexts.js';
import { reportMcp } from '../../src/request/operations/mcp.js';
import type { Request } from '../../src/request/request.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually } from '../support/child-process.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** Leaves the parsed body on the request, as frameworks do, and then handles it; by default with 200. */
function parsing(handle: Handle = (_request, response) => void response.end()): RequestListener {
  return function listener(request, response) {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      Object.assign(request, { body: text === '' ? undefined : JSON.parse(text) });
      handle(request, response);
    });
  };
}

async function start(options: MatomoOptions = {}, handle?: Handle) {
  const service = await startTracedService(parsing(handle), {
    scheduledDelayMillis: 60_000,
    ...options,
  });
  let requests = 0;
  return {
    ...service,
    async send(method: unknown, params: object = {}, headers = {}, path = '/mcp') {
      requests += 1;
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      return service.fetch(path, { method: 'POST', headers, body });
    },
    async open(method: string, headers: Record<string, string>, path = '/mcp') {
      requests += 1;
      return service.fetch(path, { method, headers });
    },
    /** The parameters of all hits, and the reasons that count. */
    async outcome() {
      await service.requests(requests);
      const hits = (await service.hits()).map(({ params }) => params);
      const ignored = Object.entries(service.processor.stats().ignored).filter(([, n]) => n > 0);
      return {
        hits,
        titles: hits.map(({ action_name }) => action_name),
        ignored: Object.fromEntries(ignored),
      };
    },
  };
}

const call = (name: string) => ['tools/call', { name }] as const;
const STREAM = { accept: 'text/event-stream' };

async function playSession({ send, open }: Awaited<ReturnType<typeof start>>) {
  const session = { 'mcp-session-id': 'abc' };
  await send('initialize');
  await send('tools/list', {}, session);
  await send(...call('find_order'), session);
  await open('GET', { ...STREAM, ...session });
  await open('DELETE', session);
}

test('calls are hits, and the rest of the protocol is ignored', async () => {
  const service = await start();
  await playSession(service);
  const { titles, ignored } = await service.outcome();
  expect(sorted(titles)).toEqual(['MCP initialize', 'MCP tools/call find_order']);
  expect(ignored).toEqual({ mcp: 3 });
});

test('with all, everything is a hit', async () => {
  const service = await start({ mcp: 'all' });
  await playSession(service);
  const { titles, ignored } = await service.outcome();
  expect(sorted(titles)).toEqual([
    'DELETE /mcp',
    'GET /mcp',
    'MCP initialize',
    'MCP tools/call find_order',
    'MCP tools/list',
  ]);
  expect(ignored).toEqual({});
});

test('no stream is a request of an AI chatbot', async () => {
  const service = await start({ mcp: 'all' });
  await service.send(...call('x'), { 'user-agent': CHATGPT });
  await service.open('GET', { ...STREAM, 'user-agent': CHATGPT });
  const { hits } = await service.outcome();
  expect(sorted(hits.map(({ action_name, recMode }) => `${action_name} ${recMode}`))).toEqual([
    'GET /mcp undefined',
    'MCP tools/call x undefined',
  ]);
});

test('with off, the endpoint is one as any other', async () => {
  const service = await start({ mcp: 'off' });
  await playSession(service);
  const { titles, hits, ignored } = await service.outcome();
  expect(sorted(titles)).toEqual([
    'DELETE /mcp',
    'GET /mcp',
    'POST /mcp initialize',
    'POST /mcp tools/call',
    'POST /mcp tools/list',
  ]);
  expect(new Set(hits.map(({ cid }) => cid)).size).toBe(1);
  expect(ignored).toEqual({});
});

test('filters and opt-outs come before, and pageViews after', async () => {
  const service = await start({
    doNotTrack: true,
    ignorePaths: ['/private/mcp'],
    pageViews: false,
  });
  await service.send('ping', {}, { dnt: '1' });
  await service.send('ping', {}, {}, '/private/mcp');
  await service.send(...call('x'), { 'user-agent': CHATGPT });
  await service.open('GET', { ...STREAM, 'user-agent': CHATGPT });
  const { hits, ignored } = await service.outcome();
  expect(hits).toEqual([]);
  expect(ignored).toEqual({ do_not_track: 1, path: 1, page_views: 1, mcp: 1 });
});

test('a template gets MCP as its method and the call as its route', async () => {
  const service = await start({ actionName: '{method}: {route} {path} {status}' });
  await service.send(...call('find_order'));
  expect((await service.outcome()).titles).toEqual(['MCP: tools/call find_order /mcp 200']);
});

test('the session is the visitor, and names of the application win', async () => {
  const service = await start({ visitorKey: 'key', visitorId: 'cookie' }, (request, response) => {
    const { user } = request.headers;
    if (user) annotate({ uid: String(user) });
    if (request.headers['x-event']) trackEvent('a', 'b');
    response.end();
  });
  const a = { 'mcp-session-id': 'a' };
  await service.send(...call('x'), { ...a, 'user-agent': 'one' });
  await service.send(...call('x'), { ...a, 'user-agent': 'two', 'x-event': '1' });
  await service.send(...call('x'), { 'mcp-session-id': 'b', 'user-agent': 'one' });
  await service.send(...call('x'), { 'user-agent': 'one' });
  await service.send(...call('x'), { ...a, user: 'ann' });
  await service.send(...call('x'), { ...a, cookie: '_pk_id.1.1=0123456789abcdef.1' });
  const { hits } = await service.outcome();
  expect(hits).toHaveLength(7);
  const idsOf = (ua: string) => new Set(hits.filter((hit) => hit.ua === ua).map(({ cid }) => cid));
  const [two] = idsOf('two');
  expect(idsOf('two').size).toBe(1); // the page view and its event
  expect(idsOf('one').size).toBe(3);
  expect(idsOf('one')).toContain(two);
  expect(hits.filter(({ uid }) => uid === 'ann')).toHaveLength(1);
  expect(hits.filter(({ cid }) => cid === '0123456789abcdef')).toHaveLength(1);
});

test('sessions are sampled, not the address that they share', async () => {
  const service = await start({ sampleRate: 0.5, visitorKey: 'key' });
  for (let i = 0; i < 20; i++)
    for (let round = 0; round < 2; round++)
      await service.send(...call('x'), { 'mcp-session-id': `s${i}` });
  const { hits, ignored } = await service.outcome();
  expect(hits.length).toBeGreaterThan(0);
  expect(ignored.sampled).toBeGreaterThan(0);
  expect(hits.length % 2).toBe(0);
  expect(hits.length).toBe(2 * new Set(hits.map(({ cid }) => cid)).size);
});

test('a call that is answered by a stream has a timing, and a stream has none', async () => {
  const service = await start({ mcp: 'all' }, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {}\n\n');
    setTimeout(() => response.end(), request.method === 'POST' ? 50 : 0);
  });
  await service.send(...call('x'));
  await service.open('GET', STREAM);
  const { hits } = await service.outcome();
  const [posted, opened] = ['MCP', 'GET'].map((begin) =>
    hits.find(({ action_name }) => action_name?.startsWith(begin)),
  );
  expect(Number(posted?.pf_srv)).toBeGreaterThanOrEqual(49);
  expect(opened?.pf_srv).toBeUndefined();
  expect(opened).toBeDefined();
});

test('spoofed headers change no title of another path, nor of one that refuses everything', async () => {
  const service = await start({}, (request, response) => {
    response.writeHead(request.url === '/login' ? 200 : 404).end();
  });
  const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'evil', 'mcp-session-id': 's' };
  await service.send(...call('evil'), headers, '/login');
  await service.send(...call('evil'), headers, '/wp/mcp');
  expect(sorted((await service.outcome()).titles)).toEqual([
    'POST /login tools/call',
    'POST Not Found',
  ]);
});

test('hostile messages make a plain title, and arguments and URIs are nowhere', async () => {
  const service = await start({ dimensions: { 1: 'mcp.client.name' } }, (request, response) => {
    const { body } = request as unknown as { body: { getter?: boolean } };
    const fail = () => {
      throw new Error('no such luck');
    };
    if (request.headers['x-getter']) Object.defineProperty(request, 'body', { get: fail });
    if (request.headers['x-inner']) Object.defineProperty(body, 'params', { get: fail });
    response.end();
  });
  const rest = { arguments: { a: 'secret' }, uri: 'file:///secret' };
  const clientInfo = { name: 'a\u0000secret' };
  await service.send('a'.repeat(100_000), rest);
  await service.send('a\u0000\u202Eb secret', rest);
  await service.send({ toString: 'secret' }, rest);
  await service.send('tools/call', { name: 's'.repeat(100_000), ...rest });
  await service.send('tools/call', { name: ['secret'], ...rest });
  await service.send('tools/call', { name: '__proto__', ...rest });
  await service.send('initialize', { clientInfo, protocolVersion: 'secret' });
  await service.send('tools/call', rest, { 'x-getter': '1', 'mcp-session-id': 'secret' });
  await service.send('tools/call', rest, { 'x-inner': '1', 'mcp-session-id': 'secret' });
  const { hits, titles } = await service.outcome();
  expect(sorted(titles)).toEqual([
    'MCP initialize',
    'MCP tools/call',
    'MCP tools/call',
    'MCP tools/call __proto__',
    'POST /mcp',
    'POST /mcp',
    'POST /mcp',
    'POST /mcp',
    'POST /mcp',
  ]);
  expect(JSON.stringify(hits)).not.toContain('secret');
});

test('a transport reports calls, clients, failures and the names that a server lists', async () => {
  const dimensions = { 1: 'matomo.failed_endpoint', 2: 'mcp.client.name', 3: 'mcp.method.name' };
  const service = await start({ dimensions }, (request, response) => {
    const { method, params } = (
      request as unknown as { body: { method: string; params: { name?: string } } }
    ).body;
    Object.assign(request, { body: undefined });
    const current = currentRequest() as Request;
    reportMcp({ method, target: params.name, session: 's' }, current);
    reportMcp({ method: 'ping', clientName: 'inspector' }, current);
    response.on('close', () => undefined);
    setImmediate(() => {
      if (method === 'tools/list') reportMcp({ listedNames: ['always_fails'] }, current);
      if (params.name?.endsWith('fails')) current.failOperation('tool_error');
      response.end();
    });
  });
  const path = '/any/endpoint';
  await service.send(...call('unknown_fails'), {}, path);
  await service.send('tools/list', {}, {}, path);
  await service.send(...call('always_fails'), {}, path);
  await service.send(...call('works'), {}, path);
  const { hits, ignored } = await service.outcome();
  expect(ignored).toEqual({ mcp: 1 });
  expect(
    hits.map(({ action_name, dimension1, dimension2, dimension3, cvar }) => [
      action_name,
      dimension1,
      dimension2,
      dimension3,
      cvar?.includes('tool_error'),
    ]),
  ).toEqual([
    ['MCP tools/call', 'error MCP tools/call', undefined, 'tools/call', true],
    [
      'MCP tools/call always_fails',
      'error MCP tools/call always_fails',
      undefined,
      'tools/call',
      true,
    ],
    ['MCP tools/call works', undefined, 'inspector', 'tools/call', false],
  ]);
});

test.each([
  ['below the SERVER span', false],
  ['linked to it', true],
])('a span of MCP %s names the call', async (_place, isLinked) => {
  const tracer = () => trace.getTracer('mcp');
  const service = await start({}, (request, response) => {
    Object.assign(request, { body: undefined });
    const active = trace.getActiveSpan()?.spanContext() as SpanContext;
    const client = {
      traceId: '5'.repeat(32),
      spanId: '6'.repeat(16),
      traceFlags: 1,
      isRemote: true,
    };
    const parent = isLinked ? trace.setSpanContext(context.active(), client) : context.active();
    const attributes = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order' };
    const links = isLinked ? [{ context: active }] : [];
    const span = tracer().startSpan('a', { kind: SpanKind.SERVER, attributes, links }, parent);
    context.with(trace.setSpan(parent, span), () => annotate({ dimension7: 'of the tool' }));
    span.end();
    response.end();
  });
  await service.send('ignored', {}, {}, '/any');
  await eventually(() => service.processor.stats().hits === 1);
  const { hits } = await service.outcome();
  expect(hits.map(({ action_name, dimension7 }) => [action_name, dimension7])).toEqual([
    ['MCP tools/call find_order', 'of the tool'],
  ]);
});
