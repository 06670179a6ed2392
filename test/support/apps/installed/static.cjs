// Serves the files in FILES with the server that FRAMEWORK names.
const { createServer } = require('node:http');
const { serve } = require('./serve.cjs');

const { FILES, FRAMEWORK } = process.env;

const LISTENERS = {
  'serve-handler': () => {
    const handle = require('serve-handler');
    return (request, response) => handle(request, response, { public: FILES, cleanUrls: false });
  },
  'koa-static': () => {
    const Koa = require('koa');
    return new Koa().use(require('koa-static')(FILES)).callback();
  },
  sirv: () => require('sirv')(FILES),
  'Hono serveStatic': () => {
    const { Hono } = require('hono');
    const { getRequestListener } = require('@hono/node-server');
    const { serveStatic } = require('@hono/node-server/serve-static');
    const app = new Hono();
    app.use('/*', serveStatic({ root: FILES }));
    return getRequestListener(app.fetch);
  },
};

serve(createServer(LISTENERS[FRAMEWORK]()));
