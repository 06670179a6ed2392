import { expect, test } from 'vitest';
import { type MatomoOptions, trackMcp } from '../src/index.js';
import { captureOutput } from './support/output.js';
import { startProcessor } from './support/senders.js';
import { startTracedService } from './support/traced-service.js';

type Message = Readonly<Record<string, unknown>>;
type OnMessage = (message: Message, extra?: object) => void;

/** A transport as the SDK's are: whoever connects sets `onmessage`, and starts it. */
class Transport {
  readonly sent: Message[] = [];
  onmessage?: OnMessage | undefined;

  async start(): Promise<void> {}

  async send(message: Message): Promise<void> {
    this.sent.push(message);
  }
}

/** What `Protocol.connect` does: it keeps an `onmessage` that was set before. Answers what `results` has for the method. */
async function connect(
  transport: Transport,
  results: Readonly<Record<string, Message>> = {},
): Promise<void> {
  const known = transport.onmessage;
  transport.onmessage = (message, extra) => {
    known?.(message, extra);
    const { id, method } = message;
    const answer = results[String(method)];
    if (id !== undefined && answer) void transport.send({ jsonrpc: '2.0', id, ...answer });
  };
  await transport.start();
}

let lastId = 0;

/** A request of a client; without an ID, a notification. */
function message(method: string, params: object = {}): Message {
  lastId += 1;
  const isNotification = method.startsWith('notifications/');
  return { jsonrpc: '2.0', ...(isNotification ? {} : { id: lastId }), method, params };
}

const callOf = (name: string, more: object = {}) => message('tools/call', { name, ...more });
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  clientInfo: { name: 'desk', version: '3.2.1' },
};
const OK = { result: { content: [] } };
const DIMENSIONS = {
  1: 'gen_ai.tool.name',
  2: 'mcp.client.name',
  3: 'matomo.failed_endpoint',
  5: 'http.request.method',
};

/** What a server with one tool answers, by method. */
const answersOf = (tool: string) => ({
  initialize: OK,
  'tools/list': { result: { tools: [{ name: tool }] } },
  'tools/call': { result: { isError: true, content: [{ text: 'result-secret' }] } },
  'prompts/get': { error: { code: -32602, message: 'error-secret' } },
  'resources/read': OK,
  ping: OK,
});
/** The messages of a client. In this process, the name of a tool is known once the tools were listed. */
const sessionOf = (tool: string) => [
  message('initialize', INITIALIZE),
  message('notifications/initialized'),
  callOf(tool),
  message('tools/list'),
  callOf(tool, { arguments: { id: 'argument-secret' } }),
  message('prompts/get', { name: 'unknown', arguments: {} }),
  message('resources/read', { uri: 'file:///uri-secret' }),
  message('ping'),
];
/** Title, tool, failed endpoint and class of the error of its hits. */
const hitsOf = (tool: string) => [
  ['MCP initialize', undefined, undefined, undefined],
  ['MCP tools/call', undefined, 'error MCP tools/call', 'tool_error'],
  [`MCP tools/call ${tool}`, tool, `error MCP tools/call ${tool}`, 'tool_error'],
  ['MCP prompts/get', undefined, 'error MCP prompts/get', '-32602'],
  ['MCP resources/read', undefined, undefined, undefined],
];

function rowOf(hit: Readonly<Record<string, string>>) {
  const variables: [string, string][] = Object.values(JSON.parse(hit.cvar ?? '{}'));
  const error = variables.find(([name]) => name === 'error_type')?.[1];
  return [hit.action_name, hit.dimension1, hit.dimension3, error];
}

/** A processor that sends to an inspector, and what it has sent. */
async function startTracking(options: MatomoOptions = {}) {
  const { processor, hits } = await startProcessor({ dimensions: DIMENSIONS, ...options });
  return { processor, hits: async () => (await hits()).map(({ params }) => params) };
}

test('over stdio, each call is a hit of the given visitor, with its title, URL, client and failure', async () => {
  const { hits } = await startTracking({ baseUrl: 'https://tools.example.org/orders/' });
  const transport = new Transport();
  expect(trackMcp(transport, { uid: 'ann' })).toBe(transport);
  await connect(transport, answersOf('failing'));
  for (const each of sessionOf('failing')) transport.onmessage?.(each);
  const sent = await hits();
  expect(sent.map(rowOf)).toEqual(hitsOf('failing'));
  for (const { url, uid, pf_srv, dimension2, dimension5 } of sent) {
    expect(dimension2).toBe('desk');
    expect([url, uid]).toEqual(['https://tools.example.org/orders/mcp', 'ann']);
    expect(dimension5).toBeUndefined(); // there is no HTTP request
    expect(Number(pf_srv)).toBeGreaterThanOrEqual(0);
  }
  expect(JSON.stringify(sent)).not.toContain('secret');
});

test('since revision 2026-07-28, each request names its client', async () => {
  const { hits } = await startTracking();
  const transport = trackMcp(new Transport(), { cid: '0123456789abcdef' });
  await connect(transport, { 'tools/call': OK });
  const _meta = {
    'io.modelcontextprotocol/clientInfo': { name: 'phone', version: '1' },
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  };
  transport.onmessage?.(callOf('named_client', { _meta }), { classification: {} });
  expect(await hits()).toEqual([
    expect.objectContaining({
      action_name: 'MCP tools/call named_client',
      url: 'http://localhost/mcp',
      cid: '0123456789abcdef',
      dimension2: 'phone',
    }),
  ]);
});

test.each([undefined, null])(
  'over stdio without uid and cid (%s), nothing is sent, which is logged once and counted',
  async (visitor) => {
    const output = captureOutput();
    const { processor, hits } = await startTracking();
    const transport = trackMcp(new Transport(), visitor as undefined);
    await connect(transport, { 'tools/call': OK });
    for (let i = 0; i < 3; i += 1) transport.onmessage?.(callOf('nobody'));
    expect(await hits()).toEqual([]);
    expect(processor.stats().dropped.no_visitor).toBe(3);
    expect(output.join('')).toMatch(/^[^\n]*trackMcp[^\n]*\[parameter-invalid\]\n$/);
  },
);

test.each<[options: MatomoOptions, titles: string[]]>([
  [{ mcp: 'all' }, ['MCP tools/list', 'MCP tools/call option']],
  [{ mcp: 'calls' }, ['MCP tools/call option']],
  [{ mcp: 'off' }, []],
  [{ actionName: 'API {route}' }, ['API tools/call option']],
])('over stdio, the options %j apply', async (options, titles) => {
  captureOutput(); // keys of one process are warned about
  const { hits } = await startTracking({ ...options, privacy: 'strict' });
  const transport = trackMcp(new Transport(), { uid: 'ann', cid: '0123456789abcdef' });
  await connect(transport, answersOf('option'));
  transport.onmessage?.(message('tools/list'));
  transport.onmessage?.(callOf('option'));
  const sent = await hits();
  expect(sent.map(({ action_name }) => action_name)).toEqual(titles);
  for (const hit of sent) {
    expect(hit.cid).toBe('0123456789abcdef');
    for (const name of ['uid', 'cvar']) expect(hit).not.toHaveProperty(name);
  }
});

/**
 * A server whose response comes through a transport for each request, as SDK 2.x has it, or through the given one. Nothing has parsed the
 * body.
 */
function serveCalls(shared?: Transport) {
  return (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ) => {
    let body = '';
    request.on('data', (text) => {
      body += text;
    });
    request.on('end', async () => {
      const transport = shared ?? trackMcp(new Transport(), { uid: 'not used' });
      if (!shared) await connect(transport, answersOf('served'));
      for (const each of [JSON.parse(body)].flat()) transport.onmessage?.(each, { request: {} });
      const answer = transport.sent.at(-1);
      response.writeHead(answer ? 200 : 202).end(JSON.stringify(answer));
    });
  };
}

test('over HTTP, it names calls and failures of bodies that nothing has parsed, and makes no hit of its own', async () => {
  const service = await startTracedService(serveCalls(), {
    dimensions: DIMENSIONS,
    scheduledDelayMillis: 60_000,
  });
  for (const each of sessionOf('served')) {
    await service.fetch('/any/path', { method: 'POST', body: JSON.stringify(each) });
    await service.hits(); // the names of a list are known when its request has ended
  }
  await service.requests(sessionOf('served').length);
  const hits = (await service.hits()).map(({ params }) => params);
  expect(hits.map(rowOf)).toEqual(hitsOf('served'));
  expect(hits.map(({ dimension2 }) => dimension2)).toEqual(['desk', ...Array(4).fill(undefined)]);
  expect(hits.map(({ uid }) => uid)).toEqual(Array(5).fill(undefined));
  expect(service.processor.stats().ignored.mcp).toBe(3);
  expect(JSON.stringify(hits)).not.toContain('secret');
});

test('over HTTP, a call without a session has no client, although another one has named itself to the same transport', async () => {
  const transport = trackMcp(new Transport());
  await connect(transport, answersOf('find_order'));
  const service = await startTracedService(serveCalls(transport), {
    dimensions: DIMENSIONS,
    scheduledDelayMillis: 60_000,
  });
  for (const each of [message('initialize', INITIALIZE), callOf('find_order')])
    await service.fetch('/mcp', { method: 'POST', body: JSON.stringify(each) });
  await service.requests(2);
  const hits = await service.hits();
  expect(hits.map(({ params }) => [params.action_name, params.dimension2])).toEqual([
    ['MCP initialize', 'desk'],
    ['MCP tools/call', undefined],
  ]);
});

test.each<[string, (transport: Transport) => Promise<void>]>([
  ['before the server connects', (transport) => connect(trackMcp(transport, ANN), RESULTS)],
  [
    'after the server has connected',
    async (transport) => {
      await connect(transport, RESULTS);
      trackMcp(transport, ANN);
    },
  ],
  [
    'if what connects keeps no onmessage',
    async (transport) => {
      trackMcp(transport, ANN);
      transport.onmessage = undefined;
      await connect(transport, RESULTS);
    },
  ],
  ['twice', (transport) => connect(trackMcp(trackMcp(transport, ANN), { uid: 'bob' }), RESULTS)],
])('each call is one hit if trackMcp is called %s', async (_when, start) => {
  const { hits } = await startTracking();
  const transport = new Transport();
  await start(transport);
  transport.onmessage?.(callOf('once'));
  expect(transport.sent).toHaveLength(1);
  expect((await hits()).map(({ uid }) => uid)).toEqual(['ann']);
});

const ANN = { uid: 'ann' };
const RESULTS = { 'tools/call': OK };

test('of calls without a response, the oldest are forgotten, and IDs of any length are harmless', async () => {
  const { hits } = await startTracking({ maxQueueSize: 5000 });
  const transport = trackMcp(new Transport(), ANN);
  await connect(transport);
  const longId = { ...callOf('long_id'), id: 'x'.repeat(100_000) };
  const calls = Array.from({ length: 3000 }, () => callOf('unanswered'));
  for (const call of [...calls, longId]) transport.onmessage?.(call);
  for (const { id } of [...calls, longId]) await transport.send({ jsonrpc: '2.0', id, ...OK });
  const tracked = await hits();
  expect(tracked.length).toBeGreaterThan(0);
  expect(tracked.length).toBeLessThan(calls.length / 2);
  expect(tracked.some(({ action_name }) => action_name?.includes('long_id'))).toBe(false);
});

test('it reads no arguments, URIs, prompts and contents', async () => {
  const { hits } = await startTracking();
  const read = new Set<string>();
  const guard = <T extends object>(value: T): T =>
    new Proxy(value, {
      get(target, name) {
        read.add(String(name));
        const found = Reflect.get(target, name);
        return typeof found === 'object' && found !== null ? guard(found) : found;
      },
    });
  const transport = trackMcp(new Transport(), ANN);
  await connect(transport);
  const params = { name: 'guarded', uri: 'file:///x', arguments: { id: 1 }, _meta: { token: 'x' } };
  const result = { isError: false, content: [{ text: 'x' }], structuredContent: {}, messages: [] };
  for (const method of ['tools/call', 'prompts/get', 'resources/read']) {
    const call = guard(message(method, params));
    transport.onmessage?.(call);
    await transport.send(guard({ jsonrpc: '2.0', id: call.id, result }));
  }
  expect(await hits()).toHaveLength(3);
  for (const name of ['uri', 'arguments', 'token', 'content', 'structuredContent', 'messages'])
    expect(read).not.toContain(name);
});

test('whatever the transport and its messages are, nothing is thrown into the server', async () => {
  const output = captureOutput();
  const { hits } = await startTracking();
  const broken = Object.freeze(new Transport());
  for (const none of [undefined, null, 7, {}, broken]) {
    expect(trackMcp(none as never, null as never)).toBe(none);
  }
  expect(output.join('')).toMatch(/^[^\n]*trackMcp[^\n]*\[parameter-invalid\]\n$/);
  const transport = trackMcp(new Transport(), null as never);
  const seen: unknown[] = [];
  transport.onmessage = (each: unknown) => void seen.push(each);
  await transport.start();
  const throwing = {
    id: 1,
    get method(): never {
      throw new Error('a getter');
    },
  };
  const strange = [undefined, null, 7, [], {}, { id: {} }, { id: 1, method: {} }, throwing];
  for (const each of strange) {
    transport.onmessage?.(each as never, each as never);
    await transport.send(each as never);
  }
  expect(seen).toEqual(strange);
  expect(transport.sent).toEqual(strange);
  expect(await hits()).toEqual([]);
});
