const restify = require('restify');
const { serve } = require('../serve.cjs');

const server = restify.createServer({ ignoreTrailingSlash: true });
server.get('/users/:id', (_request, response, next) => {
  response.send('ok');
  next();
});
server.post('/orders', (_request, response, next) => {
  response.send(201, 'ok');
  next();
});
server.get('/fails', (_request, _response, next) => next(new TypeError('no such luck')));
serve(server.server);
