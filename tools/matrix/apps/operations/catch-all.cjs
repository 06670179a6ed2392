// Express 4, or with STARS of Express 5: routes that match everything, alone, behind a prefix, and in a router.
const { createServer } = require('node:http');
const express = require('express');
const { serve } = require('../serve.cjs');

const isFive = process.env.EXPRESS === '5';
const [everything, files, rest] = isFive
  ? ['/{*splat}', '/files/*path', '/*rest']
  : ['*', '/files/*', '/*'];

const app = express();
const admin = express.Router();
app.set('env', 'test'); // so that it does not log errors
app.get('/users/:id', (_request, response) => response.send('ok'));
app.get(files, (_request, response) => response.send('ok'));
admin.get(rest, (_request, response) => response.send('ok'));
app.use('/admin', admin);
app.all(everything, (request, response) => {
  if (request.path === '/fails/8') throw new TypeError('no such luck');
  response.status(request.path === '/nothing/here' ? 404 : 200).send('ok');
});
serve(createServer(app));
