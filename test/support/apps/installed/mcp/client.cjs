// Calls the MCP server at URL with the official client of the major SDK, and prints the statuses of its POST requests as JSON. Without
// URL, it starts the server over stdio with ARGS.
const { ARGS, HEADERS, SDK, URL: url } = process.env;
const isNewest = SDK === '2';
const { Client } = require(
  isNewest ? '@modelcontextprotocol/client' : '@modelcontextprotocol/sdk/client/index.js',
);
const { StreamableHTTPClientTransport } = require(
  isNewest ? '@modelcontextprotocol/client' : '@modelcontextprotocol/sdk/client/streamableHttp.js',
);
const { StdioClientTransport } = require(
  isNewest ? '@modelcontextprotocol/client/stdio' : '@modelcontextprotocol/sdk/client/stdio.js',
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

function createTransport() {
  if (url === undefined) {
    const { env, execPath: command } = process;
    return new StdioClientTransport({ command, args: JSON.parse(ARGS), env, stderr: 'inherit' });
  }
  const requestInit = { headers: JSON.parse(HEADERS) };
  return new StreamableHTTPClientTransport(new URL(url), { requestInit, fetch: recordingFetch });
}

async function main() {
  const client = new Client(
    { name: 'matrix-client', version: '3.2.1' },
    { versionNegotiation: { mode: process.env.NEGOTIATION ?? 'legacy' } },
  );
  const transport = createTransport();
  await client.connect(transport);
  const call = (name) => settle(client.callTool({ name, arguments: { id: 'ann@example.org' } }));
  await client.listTools();
  await call('find_order');
  await call('failing');
  await call('no_such_tool');
  await settle(client.getPrompt({ name: 'review' }));
  await settle(client.readResource({ uri: 'order://7' }));
  if (url !== undefined) await settle(transport.terminateSession());
  await client.close();
  process.stdout.write(JSON.stringify(statuses));
}

void main();
