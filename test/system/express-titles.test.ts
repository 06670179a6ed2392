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

/** Expects titles by paths. */
async function expectTitles(app: express.Express, expected: Readonly<Record<string, string>>) {
  const paths = Object.keys(expected);
  const titles = await titlesOf(app, paths);
  expect(titles).toHaveLength(paths.length);
  expect(Object.fromEntries(paths.map((path, i) => [path, titles[i]]))).toEqual(expected);
}

const ok: express.RequestHandler = (_request, response) => void response.send('ok');
const fail: express.RequestHandler = () => {
  throw new TypeError('no such luck');
};

// The contract of capture has the usual mounts: test/contracts/capture/mounts.test.ts.

test('mount paths are templates without mergeParams, too', async () => {
  const app = express();
  const posts = express.Router();
  posts.get('/fails', fail);
  posts.get('/:postId', ok);
  const nested = express.Router();
  nested.use('/t/:tenant', posts);
  app.use('/v1', nested);
  app.use('/files/*folder/posts', posts);
  app.use('/:from-:to/posts', posts);
  await expectTitles(app, {
    '/v1/t/b%2Fob/7': 'GET /v1/t/:tenant/:postId',
    '/v1/t/v1/v1': 'GET /v1/t/:tenant/:postId',
    '/files/bob/ann/posts/7': 'GET /files/*/posts/:postId',
    '/bob-ann/posts/fails': 'GET /:from-:to/posts/fails',
  });
});

test('mount paths have nothing of the client: values that were encoded twice, and what expressions match', async () => {
  const app = express();
  const posts = express.Router();
  posts.get('/', ok);
  posts.get('/fails', fail);
  app.use('/users/:userId/posts', posts);
  app.use('/files/*folder/posts', posts);
  app.use(/^\/u-[^/]+\/posts/, posts);
  app.use(/^\/[^/]+@[^/]+\/v1/, posts);
  app.use(/^\/in\/(?<city>[^/]+)\/v1/, posts);
  await expectTitles(app, {
    '/users/%2562ob/posts': 'GET /users/:userId/posts',
    '/users/bob%252fann/posts/fails': 'GET /users/:userId/posts/fails',
    '/files/b%252fob/ann/posts': 'GET /files/*/posts',
    '/files/b%2Fob/ann/posts': 'GET /files/*/posts',
    '/u-bob@example.org/posts': 'GET /*/posts',
    '/u-bob@example.org/posts/fails': 'GET /*/posts/fails',
    '/:bob@example.org/v1': 'GET /*/v1',
    '/in/bob/v1': 'GET /in/:city/v1',
  });
});

test('the mount path of a router that a function calls is known in part: of the rest, the text without IDs', async () => {
  const app = express();
  const outer = express.Router();
  const inner = express.Router();
  const admin = express();
  inner.get('/users/:id', ok);
  inner.get('/fails', fail);
  inner.get('/', ok);
  outer.use('/admin', (...given) => inner(...given));
  outer.use('/t/:tenant', (...given) => inner(...given));
  admin.use('/of/:owner', inner);
  app.use('/v1', (request, response, next) => outer(request, response, next));
  app.use('/v2', async (request, response, next) => {
    await new Promise(setImmediate);
    inner(request, response, next);
  });
  app.use('/account', (...given) => admin(...given));
  app.use(['/list', '/others/:other'], (...given) => inner(...given));
  await expectTitles(app, {
    '/v1/admin/users/bob': 'GET /v1/admin/users/:id',
    '/v1/admin': 'GET /v1/admin',
    '/v1/admin/fails': 'GET /v1/admin/fails',
    '/v1/t/7/users/bob': 'GET /v1/t/:id/users/:id',
    '/v2/users/bob': 'GET /v2/users/:id',
    '/v2/fails': 'GET /v2/fails',
    '/account/of/bob/users/ann': 'GET /account/of/:owner/users/:id',
    '/list/users/bob': 'GET /list/users/:id',
    '/others/bob/users/ann': 'GET /others/:other/users/:id',
    '/v1/nothing': 'GET Not Found',
  });
});

test.each([
  [[], 'GET /v1/patients/max/visits/:visit'],
  [[/(?<=\/patients\/)[^/]+/], 'GET /v1/patients/redacted/visits/:id'],
  [[/max(?=\/visits)/], 'GET /v1/patients/redacted/visits/:id'],
])(
  'what %j redacts is not in a mount path of which only the text is known',
  async (redactPathPatterns, title) => {
    const app = express();
    const outer = express.Router();
    const visits = express.Router();
    visits.get('/visits/:visit', ok);
    outer.use('/patients/:patient', (...given) => visits(...given));
    app.use('/v1', (...given) => outer(...given));
    const service = await startTracedService(app as unknown as Listener, { redactPathPatterns });
    const [hit] = await service.visit('/v1/patients/max/visits/7');
    expect(hit?.params.action_name).toBe(title);
  },
);

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
  await expectTitles(app, {
    '/api/posts/7': 'GET /posts/:id',
    '/users/bob/posts': 'GET /posts',
    '/api/posts/bob/later': 'GET /posts/:id/later',
    '/@bob/core': 'GET /:package',
    '/api/left-pad': 'GET /:package',
  });
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
  await expectTitles(app, {
    '/-/web/list': 'GET /-/web/list',
    '/-/web/fails': 'GET /-/web/fails',
    '/-/web/about': 'GET /-/web/about',
    '/about': 'GET /about',
    '/a': 'GET /a',
    '/a/a': 'GET /a/a',
    '/bob/a/a': 'GET /:tenant/a/a',
    '/a/fails': 'GET /a/fails',
    '/bob/a/a/fails': 'GET /:tenant/a/a/fails',
  });
});

test('a mount path has the spelling of the application, not that of the first client', async () => {
  const app = express();
  const admin = express.Router();
  admin.get('/users/:id', ok);
  admin.get('/', ok);
  app.use('/Admin/apiV1', admin);
  app.use(['/list', '/listOfAll'], admin);
  app.use(/^\/pattern/i, admin);
  await expectTitles(app, {
    '/ADMIN/APIV1/users/7': 'GET /Admin/apiV1/users/:id',
    '/admin/apiv1': 'GET /Admin/apiV1',
    '/LISTOFALL/users/7': 'GET /listOfAll/users/:id',
    '/PATTERN/users/7': 'GET /pattern/users/:id',
  });
});

test('if the router does not keep it, a mount path has the spelling of most clients and whole parameters', async () => {
  const app = express();
  const shop = express.Router();
  shop.get('/users/:id', ok);
  app.use('/bigShop', shop);
  app.use('/users/:userId', shop);
  app.use('/:from-:to/posts', shop);
  app.use('/files/*folder/posts', shop);
  for (const layer of (app as unknown as { router: { stack: object[] } }).router.stack) {
    Object.assign(layer, { rawPath: undefined }); // as before router 2.3
  }
  const sent = ['BIGSHOP', 'bigShop', 'bigShop', 'BigShop', 'bigShop', 'bigshop', 'bigShop'];
  const others = ['users/%2562ob', 'bob-ann/posts', 'files/bob/ann/posts'];
  const titles = await titlesOf(
    app,
    [...sent, ...others].map((mounted) => `/${mounted}/users/7`),
  );
  expect(titles.slice(1)).toEqual([
    ...Array(6).fill('GET /bigShop/users/:id'),
    'GET /users/:userId/users/:id',
    'GET /*/users/:id',
    'GET /*/users/:id',
  ]);
});

test('an empty route is a slash, and routes are shown without their syntax and escapes', async () => {
  const app = express();
  app.use('/v1\\.0', express.Router().get('/:id\\:archive', ok));
  const base = express.Router();
  base.get('', ok);
  base.get('{/:size}/index.json', ok);
  base.get('/files/*filepath', ok);
  app.get('', ok);
  app.use('/base', base);
  await expectTitles(app, {
    '/': 'GET /',
    '/base': 'GET /base',
    '/base/': 'GET /base',
    '/base/large/index.json': 'GET /base/:size/index.json',
    '/base/files/a/b': 'GET /base/files/*',
    '/v1.0/7:archive': 'GET /v1.0/:id:archive',
  });
});
