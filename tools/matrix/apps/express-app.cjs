const { createServer } = require('node:http');
const express = require('express');

exports.createExpressServer = () => {
  const app = express();
  app.set('env', 'test'); // so that it does not log errors
  app.get('/users/:id', (_request, response) => response.send('ok'));
  app.post('/orders', (_request, response) => response.status(201).send('ok'));
  app.get('/fails', () => {
    throw new TypeError('no such luck');
  });
  return createServer(app);
};
