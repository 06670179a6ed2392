const { createServer } = require('node:http');
const express = require('express');
const { serve } = require('./serve.cjs');

const app = express();
app.set('env', 'test');
app.get('/users/:id', (_request, response) => response.send('ok'));
app.post('/orders', (_request, response) => response.status(201).send('ok'));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
serve(createServer(app));
