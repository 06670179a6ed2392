const { createServer } = require('node:http2');
const Koa = require('koa');
const { annotate, forRequest } = require('opentelemetry-matomo');
const { serve } = require('../serve.cjs');

const STATUSES = { '/users/ann': 200, '/orders': 201 };

const app = new Koa();
app.silent = true;
app.use((context) => {
  // Koa's routers announce no route: the application names the page.
  if (context.path === '/orders') annotate({ action_name: 'POST /orders' });
  if (context.path === '/users/ann')
    forRequest(context).annotate({ action_name: 'GET /users/:id' });
  if (context.path === '/fails') throw new TypeError('no such luck');
  if (!(context.path in STATUSES)) return;
  context.status = STATUSES[context.path];
  context.body = 'ok';
});
serve(createServer(app.callback()));
