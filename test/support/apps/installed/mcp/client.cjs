// Calls the MCP server at URL with the official client of the major SDK, and prints the statuses of its POST requests as JSON.
const { HEADERS, SDK, URL: url } = process.env;
const isNewest = SDK === '2';
const { Client } = require(
  isNewest ? '@modelcontextprotocol/client' : '@modelcontextprotocol/sdk/client/index.js',
);
const { StreamableHTTPClientTransport } = require(
  isNewest ? '@modelcontextprotocol/client' : '@modelcontextprotocol/sdk/client/streamableHttp.js',
);

const statuses = [];

/** With `NAMED`, as a client that sends the headers of revision 2026-07-28 to any server. */
function withMcpHeaders(options) {
  if (!process.env.NAMED || options.body === undefined) return options;
  const { method, params } = JSON.parse(options.body);
  const headers = new Headers(options.headers);
  headers.set('mcp-method', method);
  const name = params?.name ?? params?.uri;
  if (name !== undefined) headers.set('mcp-name', name);
  return { ...options, headers };
}

async function recordingFetch(target, options) {
  const response = await fetch(target, withMcpHeaders(options));
  if (options.method === 'POST') statuses.push(response.status);
  return response;
}

/** Failures are part of what is called. */
const settle = (call) =>
  call.then(
    () => undefined,
    () => undefined,
  );

async function main() {
  const client = new Client(
    { name: 'matrix-client', version: '3.2.1' },
    { versionNegotiation: { mode: process.env.NEGOTIATION ?? 'legacy' } },
  );
  const requestInit = { headers: JSON.parse(HEADERS) };
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit,
    fetch: recordingFetch,
  });
  await client.connect(transport);
  const call = (name) => settle(client.callTool({ name, arguments: { id: 'ann@example.org' } }));
  await client.listTools();
  await call('find_order');
  await call('failing');
  await call('no_such_tool');
  await settle(client.getPrompt({ name: 'review' }));
  await settle(client.readResource({ uri: 'order://7' }));
  await settle(transport.terminateSession());
  await client.close();
  process.stdout.write(JSON.stringify(statuses));
}

void main();
