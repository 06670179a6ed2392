import { createServer } from 'node:http';
import { IgnitorFactory } from '@adonisjs/core/factories';
import { serve } from '../serve.cjs';

// The server listens by the environment.
Object.assign(process.env, { HOST: '127.0.0.1', PORT: '0', NODE_ENV: 'production' });
const ignitor = new IgnitorFactory()
  .withCoreConfig()
  .withCoreProviders()
  .preload(async (app) => {
    const router = await app.container.make('router');
    router.get('/users/:id', () => 'ok');
    router.post('/orders', ({ response }) => response.created('ok'));
    router.get('/fails', () => {
      throw new TypeError('no such luck');
    });
  })
  .create(new URL('./', import.meta.url), { importer: (file) => import(file) });
// As the server.js that AdonisJS generates.
ignitor.tap((app) => {
  app.listen('SIGTERM', () => app.terminate());
  app.terminating(() => process.stdin.destroy()); // it would keep the process alive
});
await ignitor.httpServer().start((handler) => {
  const server = createServer(handler);
  server.once('listening', () => serve(server));
  return server;
});
