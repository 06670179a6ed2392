const { McpServer } = require('@modelcontextprotocol/server');
const { trackEvent } = require('opentelemetry-matomo');
const { z } = require('zod');

const ORDERS = { 7: 'shipped', 8: 'packed' };

/** Over HTTP, a call is a page view, whose status is 200 even if it fails. Over stdio, events are all there is, and need a visitor. */
function tracked(tool, handler, visitor) {
  return async (...args) => {
    let outcome = 'failed';
    try {
      const result = await handler(...args);
      if (!result.isError) outcome = 'called';
      return result;
    } finally {
      if (visitor || outcome === 'failed')
        trackEvent('MCP tool', outcome, { name: tool, ...visitor });
    }
  };
}

const text = (value) => ({ content: [{ type: 'text', text: value }] });

exports.createOrderServer = function createOrderServer(visitor) {
  const server = new McpServer({ name: 'orders', version: '1.0.0' });
  const inputSchema = z.object({ id: z.string() });
  const add = (name, description, handler) =>
    server.registerTool(name, { description, inputSchema }, tracked(name, handler, visitor));
  add('find_order', 'State of an order', ({ id }) =>
    id in ORDERS ? text(ORDERS[id]) : { ...text('no such order'), isError: true },
  );
  add('cancel_order', 'Cancels an order', () => {
    throw new Error('the warehouse does not answer');
  });
  server.registerPrompt('summary', { description: 'Summarizes all orders' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Summarize all orders.' } }],
  }));
  return server;
};
