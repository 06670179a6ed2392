import { expect, test } from 'vitest';
import { CHATGPT } from '../support/chatbots.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

// Names, sessions and clients: test/requests/operations/mcp.test.ts. Titles and options: test/contracts/hit.

const SESSION = { 'mcp-session-id': 'abc' };
const STREAM = { accept: 'text/event-stream' };

/** A session that a framework serves which leaves the parsed body on the request, and the same stream for an AI chatbot. */
async function playSession(mcp: 'calls' | 'all' | 'off') {
  const service = await startTracedService(
    (request, response) => {
      let body = '';
      request.on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        if (body !== '') Object.assign(request, { body: JSON.parse(body) });
        response.end();
      });
    },
    { mcp },
  );
  const send = (method: string, params: object, headers = {}) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    return service.fetch('/mcp', { method: 'POST', headers, body });
  };
  await send('initialize', {});
  await send('tools/list', {}, SESSION);
  await send('tools/call', { name: 'find_order' }, { ...SESSION, 'user-agent': CHATGPT });
  await service.fetch('/mcp', { headers: { ...STREAM, ...SESSION } });
  await service.fetch('/mcp', { headers: { ...STREAM, 'user-agent': CHATGPT } });
  await service.fetch('/mcp', { method: 'DELETE', headers: SESSION });
  await service.requests(6);
  const hits = await service.hits();
  const titles = hits.map(({ params: { action_name, recMode } }) =>
    recMode === undefined ? action_name : `${action_name}, read by an AI chatbot`,
  );
  return { titles: sorted(titles), ignored: service.processor.stats().ignored.mcp };
}

test.each([
  ['calls', ['MCP initialize', 'MCP tools/call find_order'], 4],
  [
    'all',
    [
      ...['DELETE /mcp', 'GET /mcp', 'GET /mcp'],
      ...['MCP initialize', 'MCP tools/call find_order', 'MCP tools/list'],
    ],
    0,
  ],
  [
    'off',
    [
      ...['DELETE /mcp', 'GET /mcp', 'GET /mcp, read by an AI chatbot'],
      ...['POST /mcp initialize', 'POST /mcp tools/call', 'POST /mcp tools/list'],
    ],
    0,
  ],
] as const)(
  'the requests of a session with mcp: %s are titled %j',
  async (mcp, titles, ignored) => {
    expect(await playSession(mcp)).toEqual({ titles: sorted(titles), ignored });
  },
);
