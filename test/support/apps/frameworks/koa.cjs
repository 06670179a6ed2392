// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const Router = require('@koa/router');
const Koa = require('koa');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const named = (context, next) => {
  annotate({ action_name: `${context.method} ${context.matched.at(-1).path}` });
  return next();
};

const router = new Router();
router.use(named);
router.get('/health', (context) => {
  ignore();
  context.body = 'ok';
});

router.post('/orders', (context) => {
  annotate({ action_name: 'Checkout', dimension5: 'pro' });
  context.body = 'created';
});

router.get('/users/:id', async (context) => {
  context.body = await measure('pf_dm1', () => findUser(context.params.id));
});

const server = new Koa().use(router.routes()).listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
