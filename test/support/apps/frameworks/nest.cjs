// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only. Decorators are called, as JavaScript has none.
require('reflect-metadata');
const { setTimeout: delay } = require('node:timers/promises');
const { Controller, Get, Post, applyDecorators } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

class Shop {
  health() {
    ignore();
    return 'ok';
  }
  order() {
    annotate({ action_name: 'Checkout', dimension5: 'pro' });
    return 'created';
  }
  user() {
    return measure('pf_dm1', () => delay(20, 'Ada'));
  }
}
const { prototype } = Shop;
const { health, order, user } = Object.getOwnPropertyDescriptors(prototype);
Controller()(Shop);
applyDecorators(Get('health'))(prototype, 'health', health);
applyDecorators(Post('orders'))(prototype, 'order', order);
applyDecorators(Get('users/:id'))(prototype, 'user', user);

NestFactory.create({ module: class {}, controllers: [Shop] }, { logger: false })
  .then((app) => app.listen(process.env.PORT, '127.0.0.1'))
  .then((server) => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
