// The same as starts.cjs, as an ES module. Other modules import http first.
import { createServer } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { start } from 'opentelemetry-matomo';

start({
  dimensions: { 1: ({ method }) => method.toLowerCase() },
  userId: ({ path }) => path.split('/')[2],
  ignore: ({ path }) => path === '/ignored',
  beforeSend: ({ urlref, ...parameters }) => ({ ...parameters, dimension2: 'sent' }),
});

const onListen = (port) => process.stdout.write(`http://127.0.0.1:${port}\n`);
const APPLICATIONS = {
  http() {
    const handle = (_request, response) => response.end('ok');
    const server = createServer(handle);
    server.listen(0, '127.0.0.1', () => onListen(server.address().port));
  },
  express() {
    const app = express();
    app.get('/users/:id', (_request, response) => response.send('ok'));
    const server = app.listen(0, '127.0.0.1', () => onListen(server.address().port));
  },
  async fastify() {
    const app = fastify();
    app.get('/users/:id', async () => 'ok');
    await app.listen({ port: 0, host: '127.0.0.1' });
    onListen(app.server.address().port);
  },
};
APPLICATIONS[process.env.FRAMEWORK]();
