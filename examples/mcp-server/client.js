// Two assistants that call tools: `node client.js http://127.0.0.1:3000/mcp`, or `node client.js stdio`
const { Client, StreamableHTTPClientTransport } = require('@modelcontextprotocol/client');
const { StdioClientTransport } = require('@modelcontextprotocol/client/stdio');

const target = process.argv[2] ?? 'http://127.0.0.1:3000/mcp';

function createTransport(name) {
  if (target === 'stdio') {
    const args = ['--import', 'opentelemetry-matomo/register', 'stdio.js'];
    return new StdioClientTransport({ command: process.execPath, args, env: process.env });
  }
  const headers = { 'user-agent': `${name}/1.0.0` };
  return new StreamableHTTPClientTransport(new URL(target), { requestInit: { headers } });
}

async function call(name, orders) {
  const client = new Client({ name, version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(createTransport(name));
  await client.listTools();
  for (const id of orders) await client.callTool({ name: 'find_order', arguments: { id } });
  await client.callTool({ name: 'cancel_order', arguments: { id: orders[0] } });
  await client.getPrompt({ name: 'summary' });
  await client.close();
}

async function main() {
  await call('desk-assistant', ['7', '8']);
  await call('phone-assistant', ['8', '9']);
}

void main();
