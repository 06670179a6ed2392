// Reads bodies in all usual ways. Each callback writes the ID of its request, the second segment of its path, to a dimension or an
// event of its own. `/begun/<id>` is answered when the handler of that request has begun.
require('reflect-metadata');
const { createServer } = require('node:http');
const { PassThrough, pipeline } = require('node:stream');
const { AnyFilesInterceptor } = require('@nestjs/platform-express');
const { Controller, Post, Req, Res, UseInterceptors, applyDecorators } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const busboy = require('busboy');
const express = require('express');
const fastify = require('fastify');
const { formidable } = require('formidable');
const Koa = require('koa');
const multer = require('multer');
const { annotate, ignore, trackEvent } = require('opentelemetry-matomo');

const idOf = (request) => (request.originalUrl ?? request.url).split('/')[2];
const mark = (dimension, id) => annotate({ [`dimension${dimension}`]: id });
const event = (action, id) => trackEvent('callback', action, { name: id });

/** Handlers of `node:http`. */
const handlers = {
  get(_request, response) {
    response.end('ok');
  },
  slow(_request, response) {
    setTimeout(() => response.end('ok'), 2);
  },
  events(request, response) {
    const id = idOf(request);
    request.on('data', () => mark(1, id));
    request.on('close', () => mark(2, id));
    request.on('end', () => {
      mark(3, id);
      response.end('ok');
    });
  },
  readable(request, response) {
    const id = idOf(request);
    request.on('readable', () => {
      mark(1, id);
      while (request.read() !== null);
    });
    request.on('end', () => {
      mark(2, id);
      response.end('ok');
    });
  },
  private(request, response) {
    request.resume().on('end', () => {
      ignore();
      response.end('ok');
    });
  },
  /** The client leaves in the middle of the body. */
  aborted(request) {
    const id = idOf(request);
    request.on('error', () => event('error', id));
    request.on('aborted', () => event('aborted', id));
    request.on('close', () => event('request closed', id));
    request.resume();
  },
  pipeline(request, response) {
    const id = idOf(request);
    const through = new PassThrough().on('data', () => mark(1, id));
    pipeline(request, through, () => {
      mark(2, id);
      response.end('ok');
    });
  },
  async iterator(request, response) {
    const id = idOf(request);
    for await (const _chunk of request) mark(1, id);
    mark(2, id);
    response.end('ok');
  },
  busboy(request, response) {
    const id = idOf(request);
    const parser = busboy({ headers: request.headers });
    parser.on('field', () => mark(1, id));
    parser.on('file', (_name, file) => file.on('data', () => mark(2, id)));
    parser.on('close', () => {
      mark(3, id);
      response.end('ok');
    });
    request.pipe(parser);
  },
  formidable(request, response) {
    const id = idOf(request);
    const form = formidable({ fileWriteStreamHandler: () => new PassThrough().resume() });
    form.on('field', () => mark(1, id));
    form.parse(request, () => {
      mark(2, id);
      response.end('ok');
    });
  },
};

const marked = (request, response) => {
  mark(1, idOf(request));
  response.send('ok');
};
const app = express();
app.post('/express-json/:id', express.json(), marked);
app.post('/multer/:id', multer().any(), marked);
app.post('/express-end/:id', (request, response) => {
  request.resume().on('end', () => marked(request, response));
});
handlers['express-json'] = handlers.multer = handlers['express-end'] = app;

const koa = new Koa().use(async (context) => {
  const { req } = context;
  await new Promise((resolve) => {
    req.resume().on('end', () => {
      mark(1, idOf(req));
      resolve();
    });
  });
  mark(2, idOf(req));
  context.body = 'ok';
});
handlers.koa = koa.callback();

const router = fastify();
router.addContentTypeParser('multipart/form-data', ({ raw }, payload, done) => {
  payload.resume().on('end', () => {
    mark(2, idOf(raw));
    done(null, {});
  });
});
router.post('/:kind/:id', async ({ params }) => {
  mark(1, params.id);
  return 'ok';
});
handlers['fastify-json'] = handlers['fastify-form'] = (...message) => router.routing(...message);

class Form {
  read(request, response) {
    marked(request, response);
  }
}
const { prototype } = Form;
Controller()(Form);
Req()(prototype, 'read', 0);
Res()(prototype, 'read', 1);
applyDecorators(Post(['nest-json/:id', 'nest-form/:id']), UseInterceptors(AnyFilesInterceptor()))(
  prototype,
  'read',
  Object.getOwnPropertyDescriptor(prototype, 'read'),
);

/** By ID: resolves when the handler of the request has begun. */
const begun = new Map();
function beginningOf(id) {
  if (!begun.has(id)) {
    const beginning = {};
    beginning.promise = new Promise((resolve) => {
      beginning.resolve = resolve;
    });
    begun.set(id, beginning);
  }
  return begun.get(id);
}

async function start() {
  const nest = await NestFactory.create(
    { module: class {}, controllers: [Form] },
    { logger: false },
  );
  await nest.init();
  handlers['nest-json'] = handlers['nest-form'] = nest.getHttpAdapter().getInstance();
  await router.ready();
  const server = createServer((request, response) => {
    const [, kind, id] = request.url.split('/');
    if (kind === 'begun') {
      ignore();
      beginningOf(id).promise.then(() => response.end());
      return;
    }
    response.on('finish', () => event('finished', id));
    response.on('close', () => event('closed', id));
    handlers[kind](request, response);
    beginningOf(id).resolve();
  });
  server.keepAliveTimeout = 0; // else a client may reuse a connection that is being closed
  require('./listen.cjs')(server);
  process.once('SIGTERM', () => server.close().closeAllConnections());
}

void start();
