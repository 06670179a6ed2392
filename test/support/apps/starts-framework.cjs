// Tracks the application with options in code, some of them functions, and then serves it. FRAMEWORK is http, express or fastify, which
// `load` returns.
const listen = require('./listen.cjs');

module.exports = async function startFramework(start, load) {
  start({
    dimensions: { 1: ({ method }) => method.toLowerCase() },
    userId: ({ path }) => path.split('/')[2],
    ignore: ({ path }) => path === '/ignored',
    beforeSend: ({ urlref, ...parameters }) => ({ ...parameters, dimension2: 'sent' }),
  });
  const { FRAMEWORK } = process.env;
  const framework = load(FRAMEWORK);
  const handler = (_request, response) => response.end('ok');
  if (FRAMEWORK === 'http') return listen(framework.createServer(handler));
  const app = framework();
  app.get('/users/:id', FRAMEWORK === 'express' ? handler : async () => 'ok');
  if (FRAMEWORK === 'express') return listen(app);
  process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
};
