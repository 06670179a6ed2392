const { createServer } = require('node:http');
const { ServiceBroker } = require('moleculer');
const ApiService = require('moleculer-web');
const { serve } = require('../serve.cjs');

const aliases = {
  'GET users/:id': 'shop.user',
  'POST orders': 'shop.order',
  'GET fails': 'shop.fail',
};
const actions = {
  user: () => 'ok',
  order(context) {
    context.meta.$statusCode = 201;
    return 'ok';
  },
  fail() {
    throw new TypeError('no such luck');
  },
};

const broker = new ServiceBroker({ logger: false, skipProcessEventRegistration: true });
broker.createService({ name: 'shop', actions });
const settings = { server: false, routes: [{ path: '/', aliases }] };
const api = broker.createService({ name: 'api', mixins: [ApiService], settings });
void broker.start().then(() => serve(createServer(api.express())));
