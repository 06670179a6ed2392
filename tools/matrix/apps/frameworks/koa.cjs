const { createServer } = require('node:http');
const Koa = require('koa');
const Router = require('@koa/router');
const { serve } = require('../serve.cjs');

const router = new (Router.Router ?? Router)();
router.get('/users/:id', (context) => {
  context.body = 'ok';
});
router.post('/orders', (context) => {
  context.status = 201;
  context.body = 'ok';
});
router.get('/fails', () => {
  throw new TypeError('no such luck');
});
const app = new Koa();
app.silent = true;
app.use(router.routes());
serve(createServer(app.callback()));
