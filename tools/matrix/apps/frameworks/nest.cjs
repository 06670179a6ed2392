require('reflect-metadata');
const { Controller, Get, HttpCode, Module, Post } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { serve } = require('../serve.cjs');

class Shop {
  user() {
    return 'ok';
  }
  order() {
    return 'ok';
  }
  fails() {
    throw new TypeError('no such luck');
  }
}
decorate('user', Get('users/:id'));
decorate('order', Post('orders'), HttpCode(201));
decorate('fails', Get('fails'));
Controller()(Shop);

class App {}
Module({ controllers: [Shop] })(App);

async function start() {
  const options = { logger: false };
  const app =
    process.env.ADAPTER === 'fastify'
      ? await NestFactory.create(App, fastifyAdapter(), options)
      : await NestFactory.create(App, options);
  await app.listen(0, '127.0.0.1');
  serve(app.getHttpServer());
}

function fastifyAdapter() {
  const { FastifyAdapter } = require('@nestjs/platform-fastify');
  return new FastifyAdapter();
}

function decorate(method, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, method);
  for (const apply of decorators) apply(Shop.prototype, method, descriptor);
}

void start();
