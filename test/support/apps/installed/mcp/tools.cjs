// What every MCP server here serves, with either major of the official SDK.
const { z } = require('zod');

exports.defineTools = (server) => {
  const inputSchema = z.object({ id: z.string() });
  server.registerTool('find_order', { description: 'Finds an order', inputSchema }, ({ id }) => ({
    content: [{ type: 'text', text: `order ${id}` }],
  }));
  server.registerTool('failing', { description: 'Fails', inputSchema }, () => {
    throw new RangeError('no such luck');
  });
  server.registerPrompt('review', { description: 'Reviews orders' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Review all orders.' } }],
  }));
  server.registerResource('order', 'order://7', { mimeType: 'text/plain' }, ({ href }) => ({
    contents: [{ uri: href, text: 'seven' }],
  }));
  return server;
};
