const { createServer } = require('node:http');
const { RestApplication, RestBindings } = require('@loopback/rest');
const { serve } = require('../serve.cjs');

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const app = new RestApplication();
app.bind(RestBindings.SequenceActions.LOG_ERROR).to(() => undefined);
app.middleware(({ request, response }, next) => {
  if (request.method === 'POST') response.statusCode = 201;
  return next();
});
app.route('get', '/users/{id}', { parameters: [id], responses: {} }, () => 'ok');
app.route('post', '/orders', { responses: {} }, () => 'ok');
app.route('get', '/fails', { responses: {} }, () => {
  throw new TypeError('no such luck');
});
serve(createServer(app.requestHandler));
