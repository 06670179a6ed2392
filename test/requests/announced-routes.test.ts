import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { startTracedService } from '../support/traced-service.js';

/** What each framework publishes; the matrix runs the frameworks themselves. */
const FRAMEWORKS = {
  'h3 2': {
    name: 'tracing:h3.request:start',
    toMessage: (req: IncomingMessage, route: unknown) => ({
      type: 'route',
      event: { context: { matchedRoute: { route } }, runtime: { node: { req } } },
    }),
  },
  'AdonisJS 7': {
    name: 'tracing:adonisjs.http.request:asyncEnd',
    toMessage: (request: IncomingMessage, pattern: unknown) => ({
      ctx: { request: { request }, route: { pattern } },
    }),
  },
};

test.each(Object.entries(FRAMEWORKS))('%s announces its route', async (_framework, announced) => {
  const { name, toMessage } = announced;
  const service = await startTracedService((request, response) => {
    const route = request.url === '/any/7' ? '/*' : '/users/:name';
    channel(name).publish(request.url === '/none/7' ? {} : toMessage(request, route));
    channel(name).publish(toMessage({} as IncomingMessage, '/of/another/request'));
    response.end();
  });
  const hits = await service.visit(['/users/ann', '/any/7', '/none/7']);
  const titles = hits.map(({ params }) => params.action_name);
  expect(titles).toEqual(['GET /users/:name', 'GET /any/:id', 'GET /none/:id']);
  expect(channel(name).hasSubscribers).toBe(true);
  await service.processor.shutdown();
  expect(channel(name).hasSubscribers).toBe(false);
});
