// FastMCP: it reads the body itself, and makes the transports.
import { createServer } from 'node:net';
import { FastMCP } from 'fastmcp';
import { z } from 'zod';

const server = new FastMCP({ name: 'orders', version: '1.0.0' });
const parameters = z.object({ id: z.string() });
server.addTool({
  name: 'find_order',
  description: 'Finds an order',
  parameters,
  execute: async ({ id }) => `order ${id}`,
});
server.addTool({
  name: 'failing',
  description: 'Fails',
  parameters,
  execute: async () => {
    throw new RangeError('no such luck');
  },
});
server.addPrompt({ name: 'review', description: 'Reviews orders', load: async () => 'Review.' });
server.addResource({
  uri: 'order://7',
  name: 'order',
  mimeType: 'text/plain',
  load: async () => ({ text: 'seven' }),
});

/** FastMCP says nothing about a port that it chose itself. */
function findFreePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const port = await findFreePort();
await server.start({ transportType: 'httpStream', httpStream: { host: '127.0.0.1', port } });
process.stdout.write(`http://127.0.0.1:${port}\n`);
