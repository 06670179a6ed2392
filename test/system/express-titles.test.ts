import express from 'express';
import { expect, test } from 'vitest';
import { startTracedService } from '../support/traced-service.js';

type Listener = Parameters<typeof startTracedService>[0];

/** The titles of requests to these paths, in which clients put `bob`. */
async function titlesOf(app: express.Express, paths: readonly string[]): Promise<unknown[]> {
  app.set('env', 'test'); // no stack traces on stderr
  const service = await startTracedService(app as unknown as Listener);
  return (await service.visit(paths)).map(({ stored }) => stored?.title);
}

const ok: express.RequestHandler = (_request, response) => void response.send('ok');
const fail: express.RequestHandler = () => {
  throw new TypeError('no such luck');
};

test.each([false, true])('mount paths are templates, with mergeParams %s', async (mergeParams) => {
  const app = express();
  const posts = express.Router({ mergeParams });
  posts.get('/', ok);
  posts.get('/fails', fail);
  posts.get('/:postId', ok);
  const nested = express.Router({ mergeParams });
  nested.use('/t/:tenant', posts);
  app.use('/users/:userId/posts', posts);
  app.use('/v1', nested);
  app.use('/files/*folder/posts', posts);
  app.use('/:from-:to/posts', posts);
  const paths = [
    '/users/42/posts',
    '/users/bob@example.com/posts/',
    '/Users/bob/POSTS/bob',
    '/users/bob/posts/fails',
    '/v1/t/bob',
    '/v1/t/b%2Fob/7',
    '/v1/t/v1/v1',
    '/files/bob/ann/posts/7',
    '/bob-ann/posts/fails',
  ];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /users/:userId/posts',
    'GET /users/:userId/posts',
    'GET /users/:userId/posts/:postId',
    'GET /users/:userId/posts/fails',
    'GET /v1/t/:tenant',
    'GET /v1/t/:tenant/:postId',
    'GET /v1/t/:tenant/:postId',
    'GET /files/*/posts/:postId',
    'GET /:from/posts/fails',
  ]);
});

test('mount paths have nothing of the client: values that were encoded twice, and what expressions match', async () => {
  const app = express();
  const posts = express.Router();
  posts.get('/', ok);
  posts.get('/fails', fail);
  app.use('/users/:userId/posts', posts);
  app.use('/files/*folder/posts', posts);
  app.use(/^\/u-[^/]+\/posts/, posts);
  app.use(/^\/in\/(?<city>[^/]+)\/v1/, posts);
  const paths = [
    '/users/%2562ob/posts',
    '/users/bob%252fann/posts/fails',
    '/files/b%252fob/ann/posts',
    '/files/b%2Fob/ann/posts',
    '/u-bob@example.org/posts',
    '/u-bob@example.org/posts/fails',
    '/in/bob/v1',
  ];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /users/:userId/posts',
    'GET /users/:userId/posts/fails',
    'GET /files/*/posts',
    'GET /files/*/posts',
    'GET /*/posts',
    'GET /*/posts/fails',
    'GET /in/:city/v1',
  ]);
});

test('applications in applications, and routes that are added later', async () => {
  const app = express();
  const admin = express();
  const users = express.Router();
  users.get('/:id', ok);
  users.get('/:id/fails', fail);
  admin.use('/users', users);
  app.use('/people', users);
  app.use(users);
  app.use('/t/:tenant/admin', admin);
  const outer = express.Router();
  outer.use('/orders/:orderId', (request, response, next) => {
    const items = express.Router();
    items.get('/:itemId', ok);
    if (request.query.late === undefined) items(request, response, next);
    else {
      app.use('/late/:who', items);
      next('router');
    }
  });
  app.use(outer);
  const paths = [
    '/t/bob/admin/users/7',
    '/t/bob/admin/users/7/fails',
    '/people/7',
    '/people/7/fails',
    '/orders/7/8',
    '/orders/7?late=1',
    '/late/bob/8',
  ];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /t/:tenant/admin/users/:id',
    'GET /t/:tenant/admin/users/:id/fails',
    'GET /people/:id',
    'GET /people/:id/fails',
    'GET /orders/:orderId/:itemId',
    'GET Not Found',
    'GET /late/:who/:itemId',
  ]);
});

test('behind a function that calls a router, the mount path of the function is a template', async () => {
  const app = express();
  const items = express.Router();
  items.get('/items/:id', ok);
  items.get('/fails', fail);
  const behind = express.Router();
  behind.use('/Shop', items);
  const call: express.RequestHandler = (...given) => behind(...given);
  app.use('/{*any}', (_request, _response, next) => next());
  app.use('/:lang', (_request, _response, next) => next());
  app.use('/t/:tenant', (...given) => items(...given));
  app.use('/Api', call);
  const tenants = express.Router();
  tenants.use(call);
  app.use('/in/:tenant', tenants);
  const admin = express();
  admin.use('/of/:user', call);
  app.use('/admin/:tenant', admin);
  const paths = [
    '/t/bob/items/7',
    '/T/Bob/ITEMS/7',
    '/t/bob/fails',
    '/API/Shop/items/7',
    '/api/Shop/fails',
    '/api/shop/items/7',
    '/in/bob/Shop/items/7',
    '/admin/bob/of/ann/Shop/items/7',
  ];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /t/:tenant/items/:id',
    'GET /t/:tenant/items/:id',
    'GET /t/:tenant/fails',
    'GET /Api/Shop/items/:id',
    'GET /Api/Shop/fails',
    'GET /Api/Shop/items/:id',
    'GET /in/:tenant/Shop/items/:id',
    'GET /admin/:tenant/of/:user/Shop/items/:id',
  ]);
});

test('a rewritten URL, as in json-server and verdaccio, has nothing of the client', async () => {
  const app = express();
  app.use((request, _response, next) => {
    request.url = request.url
      .replace(/^\/api/, '')
      .replace(/^\/(@[^/]+)\/(.+)/, '/$1%2f$2')
      .replace(/^\/users\/\w+\/posts/, '/posts');
    next();
  });
  const posts = express.Router();
  posts.get('/', ok);
  posts.get('/:id', ok);
  posts.get('/:id/later', (_request, _response, next) => next('router'));
  app.use('/posts', posts);
  app.use((request, response, next) => {
    if (request.url.endsWith('/later')) response.send('ok');
    else next();
  });
  app.get('/:package', ok);
  const paths = [
    '/api/posts/7',
    '/users/bob/posts',
    '/api/posts/bob/later',
    '/@bob/core',
    '/api/left-pad',
  ];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /posts/:id',
    'GET /posts',
    'GET /posts/:id/later',
    'GET /:package',
    'GET /:package',
  ]);
});

test('of a list of routes the one that matches counts, and a regular expression is none', async () => {
  const app = express();
  const board = express.Router();
  board.get(['/', '/queue/:name'], ok);
  board.get(/^\/jobs\/.*$/, ok);
  app.use('/queues', board);
  const paths = ['/queues', '/queues/queue/bob', '/queues/jobs/7'];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /queues',
    'GET /queues/queue/:name',
    'GET /queues/jobs/:id',
  ]);
});

test('a mount counts only if the path goes on with the route, as in Verdaccio', async () => {
  const app = express();
  const web = express.Router();
  web.get('/-/web/list', ok);
  web.get('/-/web/fails', fail);
  web.get('/about', ok);
  app.use('/-/web/', web);
  app.use(web);
  const twice = express.Router();
  twice.get('/a', ok);
  twice.get('/a/fails', fail);
  app.use('/a', twice);
  app.use('/:tenant/a', twice);
  app.use(twice);
  const paths = ['/-/web/list', '/-/web/fails', '/-/web/about', '/about', '/a', '/a/a', '/bob/a/a'];
  expect(await titlesOf(app, [...paths, '/a/fails', '/bob/a/a/fails'])).toEqual([
    'GET /-/web/list',
    'GET /-/web/fails',
    'GET /-/web/about',
    'GET /about',
    'GET /a',
    'GET /a/a',
    'GET /:tenant/a/a',
    'GET /a/fails',
    'GET /:tenant/a/a/fails',
  ]);
});

test('a mount path has the spelling of the application, not that of the first client', async () => {
  const app = express();
  const admin = express.Router();
  admin.get('/users/:id', ok);
  admin.get('/', ok);
  app.use('/Admin/apiV1', admin);
  app.use(['/list', '/listOfAll'], admin);
  app.use(/^\/pattern/i, admin);
  const paths = ['/ADMIN/APIV1/users/7', '/admin/apiv1', '/LISTOFALL/users/7', '/PATTERN/users/7'];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /Admin/apiV1/users/:id',
    'GET /Admin/apiV1',
    'GET /listOfAll/users/:id',
    'GET /pattern/users/:id',
  ]);
});

test('if the router does not keep it, a mount path has the spelling of most clients', async () => {
  const app = express();
  const shop = express.Router();
  shop.get('/users/:id', ok);
  app.use('/bigShop', shop);
  for (const layer of (app as unknown as { router: { stack: object[] } }).router.stack) {
    Object.assign(layer, { rawPath: undefined }); // as before router 2.3
  }
  const sent = ['BIGSHOP', 'bigShop', 'bigShop', 'BigShop', 'bigShop', 'bigshop', 'bigShop'];
  const titles = await titlesOf(
    app,
    sent.map((name) => `/${name}/users/7`),
  );
  expect(titles.slice(1)).toEqual(Array(6).fill('GET /bigShop/users/:id'));
});

test('an empty route is a slash, and routes are shown without their syntax', async () => {
  const app = express();
  const base = express.Router();
  base.get('', ok);
  base.get('{/:size}/index.json', ok);
  base.get('/files/*filepath', ok);
  app.get('', ok);
  app.use('/base', base);
  const paths = ['/', '/base', '/base/', '/base/large/index.json', '/base/files/a/b'];
  expect(await titlesOf(app, paths)).toEqual([
    'GET /',
    'GET /base',
    'GET /base',
    'GET /base/:size/index.json',
    'GET /base/files/*',
  ]);
});
