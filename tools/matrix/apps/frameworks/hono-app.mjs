import { Hono } from 'hono';

export function createHonoApp(...middleware) {
  const app = new Hono();
  for (const each of middleware) app.use(each);
  app.get('/users/:id', (context) => context.text('ok'));
  app.post('/orders', (context) => context.text('ok', 201));
  app.get('/fails', () => {
    throw new TypeError('no such luck');
  });
  app.onError((_error, context) => context.text('sorry', 500));
  return app;
}
