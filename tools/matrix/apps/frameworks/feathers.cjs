const { feathers } = require('@feathersjs/feathers');
const express = require('@feathersjs/express');
const { createServer } = require('node:http');
const { serve } = require('../serve.cjs');

const app = express(feathers());
app.use(express.json());
app.configure(express.rest());
app.use('/users', { get: async () => ({ name: 'ann' }) });
app.use('/orders', { create: async () => ({ id: 1 }) });
app.use('/fails', {
  async find() {
    throw new TypeError('no such luck');
  },
});
app.use(express.notFound());
app.use(express.errorHandler({ logger: false, html: false }));
void app.setup();
serve(createServer(app));
