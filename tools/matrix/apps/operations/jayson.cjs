const { createServer } = require('node:http');
const express = require('express');
const jayson = require('jayson');
const { serve } = require('../serve.cjs');

const server = new jayson.Server({
  add: ([a, b], callback) => callback(null, a + b),
  failing: (_parameters, callback) => callback({ code: -32000, message: 'no such luck' }),
});
const app = express();
app.use('/rpc', express.json(), server.middleware());
serve(createServer(app));
