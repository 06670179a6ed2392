// An application of Express whose routes are in routers and applications that are mounted in many ways.
const express = require('express');

const answer = (_request, response) => response.send('ok');
const fail = () => {
  throw new Error('no such luck');
};
const routerOf = (routes) => {
  const router = express.Router({ mergeParams: true });
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
deep.get('/failing/:leaf', fail);
const admin = express();
admin.get('/reports/:report', answer);
admin.use('/deep/:level', deep);
app.use('/admin', admin);

app.get(['/multi/:one', '/other/:two'], answer);
app.route('/chained/:link').get(answer).post(answer);

const called = routerOf({ '/inside/:inner': answer, '/failing/:inner': fail });
app.use('/wrapped', (request, response, next) => called(request, response, next));
app.use('/wrapped-in/:name', (request, response, next) => called(request, response, next));

app.use(routerOf({ '/at-the-root/:leaf': answer, '/failing-at-the-root/:leaf': fail }));
const twice = routerOf({ '/same/:leaf': answer, '/failing/:leaf': fail });
app.use('/twice/a', twice);
app.use('/twice/b/:place', twice);

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

app.use((error, _request, response, _next) => response.status(500).send(error.message));
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
