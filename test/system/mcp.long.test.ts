import { expect, test } from 'vitest';
import { APPS, REGISTER, startTracked, TRACED } from '../support/registered-app.js';

const APP = [...REGISTER, `${APPS}/mcp.cjs`];
const DIMENSIONS = '1=mcp.method.name,2=gen_ai.tool.name,3=mcp.client.name,4=mcp.protocol.version';
const SECRETS = ['argument-secret', 'uri-secret', 'prompt-secret', 'result-secret', 'session-'];

/** A client without an SDK: it sends one message and returns the session that the response has. */
function createClient(url: string) {
  return async function send(
    method: string,
    params: object = {},
    headers: object = {},
    path = '/mcp',
  ) {
    const isNotification = method.startsWith('notifications/');
    const body = { jsonrpc: '2.0', ...(isNotification ? {} : { id: 1 }), method, params };
    const response = await fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        connection: 'close',
        ...headers,
      },
      body: JSON.stringify(body),
    });
    await response.text();
    return response.headers.get('mcp-session-id') as string;
  };
}

/** What a client of the official SDK does in one session. */
async function useTools(url: string, client: string): Promise<void> {
  const send = createClient(url);
  const clientInfo = { name: client, version: '1' };
  const session = await send('initialize', { protocolVersion: '2025-06-18', clientInfo });
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18' };
  await send('notifications/initialized', {}, headers);
  const get = { ...headers, accept: 'text/event-stream', connection: 'close' };
  await (await fetch(`${url}/mcp`, { headers: get })).text();
  await send('tools/list', {}, headers);
  await send('tools/call', { name: 'find_order', arguments: { id: 'argument-secret' } }, headers);
  await send('prompts/get', { name: 'review', arguments: { code: 'prompt-secret' } }, headers);
  await send('resources/read', { uri: 'file:///uri-secret' }, headers);
  await send('ping', {}, headers);
  await (await fetch(`${url}/mcp`, { method: 'DELETE', headers: get })).text();
}

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
  ['in a worker thread', APP, { THREAD: '1' }],
])('%s, calls of an MCP server are hits of the sessions', async (_given, args, more) => {
  const { inspector, app } = await startTracked(args, { ...more, MATOMO_DIMENSIONS: DIMENSIONS });
  await useTools(app.url, 'first client');
  await useTools(app.url, 'second');
  await app.stop();
  const hits = inspector.hits();
  const clients = ['first client', 'second'];
  // A bulk is in the order of visitor IDs.
  const hitsOf = (client: string) =>
    hits.filter(({ stored }) => stored?.custom_dimension_3 === client);
  const dimensionsOf = ({ stored }: (typeof hits)[number]) =>
    [1, 2, 4].map((id) => stored?.[`custom_dimension_${id}`]);
  for (const client of clients) {
    expect(hitsOf(client).map((hit) => [hit.stored?.title, ...dimensionsOf(hit)])).toEqual([
      ['MCP initialize', 'initialize', undefined, '2025-06-18'],
      ['MCP tools/call find_order', 'tools/call', 'find_order', '2025-06-18'],
      ['MCP prompts/get review', 'prompts/get', undefined, '2025-06-18'],
      ['MCP resources/read', 'resources/read', undefined, '2025-06-18'],
    ]);
  }
  expect(hits).toHaveLength(8);
  const visitorsOf = (client: string) => new Set(hitsOf(client).map(({ params }) => params.cid));
  expect(clients.map((client) => visitorsOf(client).size)).toEqual([1, 1]);
  expect(new Set(clients.flatMap((client) => [...visitorsOf(client)])).size).toBe(2);
  for (const { params } of hits) expect(Number(params.pf_srv)).toBeGreaterThanOrEqual(0);
  const all = JSON.stringify(hits) + app.stderr() + app.stdout();
  for (const secret of SECRETS) expect(all).not.toContain(secret);
});
