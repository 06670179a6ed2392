const { createHTTPServer } = require('@trpc/server/adapters/standalone');
const { appRouter: router } = require('./trpc-router.cjs');
const { serve } = require('../serve.cjs');

serve(createHTTPServer({ router, basePath: '/trpc/' }));
