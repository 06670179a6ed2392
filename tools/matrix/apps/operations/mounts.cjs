// Express 4 and 5: routers at mount paths with parameters, and a list of routes beside a regular expression, as bull-board has it.
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
serve(createServer(app));
