// docs/reports.md, "How do I get p95?": what hooks of other frameworks than Express know of a request.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';

// These have no types here.
const require = createRequire(import.meta.url);
const Hapi = require('@hapi/hapi');
const Router = require('@koa/router');
const Koa = require('koa');

interface Measured {
  readonly route: unknown;
  readonly millis: number;
}

interface KoaContext {
  readonly _matchedRoute: unknown;
  body: unknown;
}

interface HapiRequest {
  readonly route: { readonly path: string };
  readonly info: { readonly completed: number; readonly received: number };
}

async function ask(server: Server): Promise<void> {
  const { port } = server.address() as AddressInfo;
  await (await fetch(`http://127.0.0.1:${port}/users/7`)).text();
}

const HOOKS: [string, () => Promise<Measured>][] = [
  [
    'Fastify',
    async () => {
      const app = fastify();
      const measured = new Promise<Measured>((resolve) => {
        app.addHook('onResponse', async (request, reply) =>
          resolve({ route: request.routeOptions.url, millis: reply.elapsedTime }),
        );
      });
      app.get('/users/:id', async () => 'ok');
      await app.listen({ port: 0, host: '127.0.0.1' });
      onTestFinished(() => app.close());
      await ask(app.server);
      return measured;
    },
  ],
  [
    'Koa',
    async () => {
      const app = new Koa();
      const router = new Router();
      const measured = new Promise<Measured>((resolve) => {
        app.use(async (ctx: KoaContext, next: () => Promise<void>) => {
          const start = performance.now();
          await next();
          resolve({ route: ctx._matchedRoute, millis: performance.now() - start });
        });
      });
      router.get('/users/:id', (ctx: KoaContext) => {
        ctx.body = 'ok';
      });
      app.use(router.routes());
      const server = app.listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      await ask(server);
      return measured;
    },
  ],
  [
    'Hapi',
    async () => {
      const server = Hapi.server({ port: 0, host: '127.0.0.1' });
      const measured = new Promise<Measured>((resolve) => {
        server.events.on('response', ({ route, info }: HapiRequest) =>
          resolve({ route: route.path, millis: info.completed - info.received }),
        );
      });
      server.route({ method: 'GET', path: '/users/{id}', handler: () => 'ok' });
      await server.start();
      onTestFinished(() => server.stop());
      await ask(server.listener);
      return measured;
    },
  ],
];

test.each(HOOKS)('a hook of %s knows route and duration', async (_name, measure) => {
  const { route, millis } = await measure();
  expect(route).toMatch(/^\/users\/(?::id|\{id\})$/);
  expect(millis).toBeGreaterThanOrEqual(0);
});
