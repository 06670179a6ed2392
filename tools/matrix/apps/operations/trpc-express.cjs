const { createServer } = require('node:http');
const { createExpressMiddleware } = require('@trpc/server/adapters/express');
const express = require('express');
const { appRouter: router } = require('./trpc-router.cjs');
const { serve } = require('../serve.cjs');

const app = express();
app.use('/trpc', createExpressMiddleware({ router }));
serve(createServer(app));
