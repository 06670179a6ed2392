// Express 4 and 5: routers at mount paths with parameters, a list of routes beside a regular expression, as bull-board has it, routers that
// functions call, and escapes. The path of the middleware is left out of the route by some instrumentations.
const { createServer } = require('node:http');
const express = require('express');
const { serve } = require('../serve.cjs');

const ok = (_request, response) => response.send('ok');
const app = express();
const posts = express.Router();
const board = express.Router();
app.set('env', 'test'); // so that it does not log errors
posts.get('/', ok);
posts.get('/fails', () => {
  throw new TypeError('no such luck');
});
posts.get('/:postId', ok);
app.use('/users/:userId/posts', posts);
board.get(['/', '/queue/:name'], ok);
board.get(/^\/jobs\/.*/, ok);
app.use('/queues', board);

const api = express.Router();
const books = express.Router();
api.use((_request, _response, next) => next());
api.get('/leaf', ok);
books.get('/books/:bookId', ok);
api.use('/readers/:userId', books);
app.use('/api', api);

const versioned = express.Router();
const admin = express.Router();
const account = express();
versioned.get('/users/:id', ok);
versioned.get('/fails', () => {
  throw new TypeError('no such luck');
});
admin.get('/users/:id', ok);
versioned.use('/admin', (...given) => admin(...given));
versioned.use('/t/:tenant', (...given) => admin(...given));
account.use('/of/:owner', admin);
app.use('/v1', (request, response, next) => versioned(request, response, next));
app.use('/v2', async (request, response, next) => {
  await new Promise(setImmediate);
  versioned(request, response, next);
});
app.use('/tenants/:tenant', (...given) => versioned(...given));
app.use('/account', (...given) => account(...given));

app.get('/message\\:send', ok);
app.get('/a\\.b\\+c/:id', ok);
serve(createServer(app));
