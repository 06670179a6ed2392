// An application of Express whose routes are in routers and applications that are mounted in many ways.
const express = require('express');

const answer = (_request, response) => response.send('ok');
const fail = () => {
  throw new Error('no such luck');
};
const routerOf = (routes, options = { mergeParams: true }) => {
  const router = express.Router(options);
  for (const [path, handler] of Object.entries(routes)) router.get(path, handler);
  return router;
};

const app = express();
app.use('/api', routerOf({ '/orders/:order': answer, '/failing/:order': fail }));

const shop = routerOf({ '/items/:item': answer, '/failing/:item': fail, '/': answer });
const tenant = routerOf({ '/info': answer });
tenant.use('/shops/:shop', shop);
app.use('/tenants/:tenant', tenant);

app.use(['/v1', '/v2'], routerOf({ '/ping/:count': answer, '/failing/:count': fail }));

const deep = express();
deep.get('/leaves/:leaf', answer);
const admin = express();
admin.get('/reports/:report', answer);
admin.use('/deep/:level', deep);
app.use('/admin', admin);

app.get(['/multi/:one', '/other/:two'], answer);

const called = routerOf({ '/inside/:inner': answer });
app.use('/wrapped-in/:name', (request, response, next) => called(request, response, next));

app.use(routerOf({ '/at-the-root/:leaf': answer, '/failing-at-the-root/:leaf': fail }));

app.use('/people/:person', routerOf({ '/': answer, '/posts/:post': answer }));
app.get('/optional{/:opt}', answer);
app.get('/splat/*rest', answer);
app.get(/^\/expression\/(\d+)$/, answer);
app.use(/^\/by-(?:one|two)/, routerOf({ '/leaves/:leaf': answer }));

app.use('/left', routerOf({ '/skipped/:leaf': (_request, _response, next) => next('router') }));
app.get('/left/skipped/:taken', answer);
app.get('/passed/:first', (_request, _response, next) => next());
app.get('/passed/:second', answer);

app.use('/old', (request, _response, next) => {
  request.url = `/new${request.url}`;
  next();
});
app.get('/old/new/:leaf', answer);
app.use('/old', routerOf({ '/new/:leaf': answer }));

// What clients can put into a mount path, which requests have only as text.
const posts = { '/': answer, '/fails': fail, '/:postId': answer };
const own = routerOf(posts, {});
const nested = routerOf({}, {});
nested.use('/t/:tenant', own);
app.use('/nested', nested);
for (const path of [/^\/u-[^/]+\/posts/, '/files/*folder/posts', '/users/:userId/posts'])
  app.use(path, own);

// Routers that functions call.
const users = { '/users/:id': answer, '/fails': fail, '/': answer };
const inner = routerOf(users);
const outer = routerOf({});
outer.use('/t/:tenant', (...given) => inner(...given));
const owner = express();
owner.use('/of/:owner', inner);
app.use('/f1', (request, response, next) => outer(request, response, next));
app.use('/f2', async (request, response, next) => {
  await new Promise(setImmediate);
  inner(request, response, next);
});
app.use('/account', (...given) => owner(...given));
const visits = routerOf({ '/visits/:visit': answer });
const clinic = routerOf({});
for (const path of ['/patients/:patient', '/guests/:guest'])
  clinic.use(path, (...given) => visits(...given));
app.use('/clinic', (...given) => clinic(...given));

// Rewritten URLs, as in json-server and Verdaccio.
app.use((request, _response, next) => {
  request.url = request.url.replace(/^\/rewritten/, '').replace(/^\/(@[^/]+)\/(.+)/, '/$1%2f$2');
  next();
});
app.use(
  '/notes',
  routerOf({
    '/': answer,
    '/:id': answer,
    '/:id/later': (_request, _response, next) => next('router'),
  }),
);
app.use((request, response, next) => {
  if (request.url.endsWith('/later')) response.send('ok');
  else next();
});

// A router that is mounted at the root, too.
const web = routerOf({ '/-/web/list': answer, '/-/web/fails': fail, '/about': answer });
app.use('/-/web/', web);
app.use(web);
const again = routerOf({ '/a': answer, '/a/fails': fail });
for (const path of ['/a', '/:tenant/a', '/']) app.use(path, again);

// Spellings, of which Express ignores the case.
const cased = routerOf({ '/users/:id': answer, '/': answer });
app.use('/Admin/apiV1', cased);
app.use('/former/users/:userId', cased);
app.router.stack.at(-1).rawPath = undefined; // as before router 2.3

// Wildcards, and what only answers for other routes.
app.use('/wild-of/:tenant', routerOf({ '/files/*rest': answer }));
for (const path of ['/login/fails', '/login/ends'])
  app.get(path, (_request, _response, next) =>
    next(path.endsWith('fails') ? new Error('no') : null),
  );
app.use('/login', (_request, response) => response.status(404).send('none'));
app.use('/login', (_error, _request, response, _next) => response.status(500).send('failed'));

// An empty route, syntax and escapes.
app.use('/v1\\.0', routerOf({ '/:id\\:archive': answer }));
const base = { '': answer, '{/:size}/index.json': answer, '/files/*filepath': answer };
app.use('/base', routerOf(base));
app.get('', answer);
app.get('/:package', answer);

app.use((error, _request, response, _next) => response.status(500).send(error.message));
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
