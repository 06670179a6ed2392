// Two assistants that call tools: `node client.js http://127.0.0.1:3000/mcp`
const { Client, StreamableHTTPClientTransport } = require('@modelcontextprotocol/client');

const url = new URL(process.argv[2] ?? 'http://127.0.0.1:3000/mcp');

async function call(name, orders) {
  const client = new Client({ name, version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  const headers = { 'user-agent': `${name}/1.0.0` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
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
