const { createServer } = require('node:http');
const createRouter = require('find-my-way');
const { serve } = require('../serve.cjs');

const answer = (status) => (_request, response) => {
  response.statusCode = status;
  response.end('ok');
};
const router = createRouter({ defaultRoute: answer(404) });
router.on('GET', '/users/:id', answer(200));
router.on('POST', '/orders', answer(201));
router.on('GET', '/fails', answer(500));
serve(createServer((request, response) => router.lookup(request, response)));
