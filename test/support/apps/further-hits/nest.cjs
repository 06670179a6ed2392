// Tracks in a service of a controller. Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
require('reflect-metadata');
const { setTimeout: delay } = require('node:timers/promises');
const { Controller, Get, Param, applyDecorators } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { trackEvent, trackOrder } = require('opentelemetry-matomo');

class Shop {
  async user(id) {
    await delay(5);
    trackOrder({ id, revenue: 10 });
    await delay(1);
    trackEvent('deep', 'timer');
    return 'ok';
  }
}
const { prototype } = Shop;
Controller()(Shop);
Param('id')(prototype, 'user', 0);
const { user } = Object.getOwnPropertyDescriptors(prototype);
applyDecorators(Get('users/:id'))(prototype, 'user', user);

NestFactory.create({ module: class {}, controllers: [Shop] }, { logger: false })
  .then((app) => app.listen(process.env.PORT, '127.0.0.1'))
  .then((server) => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
