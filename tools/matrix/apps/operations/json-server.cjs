// Nested resources, and paths that are rewritten before they are routed.
const { createServer } = require('node:http');
const jsonServer = require('json-server');
const { serve } = require('../serve.cjs');

const app = jsonServer.create();
const users = [{ id: 'ann' }];
const posts = [{ id: 1, userId: 'ann' }];
app.use(jsonServer.rewriter({ '/api/*': '/$1' }));
app.use(jsonServer.router({ users, posts }));
serve(createServer(app));
