// Titles that a route alone does not make: operations of GraphQL, JSON-RPC and tRPC, catch-all routes.
import { toCell } from './application.mjs';
import { NODES, SDKS } from './set-ups.mjs';

const SDK = '2.12';

const GRAPHQL_SERVERS = {
  '@apollo/server': '5.5.1',
  '@as-integrations/express5': '1.1.2',
  '@apollo/client': '4.3.8',
  rxjs: '7.8.2',
  express: '5.3.0',
  'graphql-yoga': '5.24.1',
  '@envelop/core': '5.6.1',
  fastify: '5.12.8',
  mercurius: '16.10.1',
};
const GRAPHQL = {
  name: 'graphql-sdk-2.12',
  dependencies: { ...SDKS[SDK].dependencies, graphql: '16.15.0', ...GRAPHQL_SERVERS },
};
/** It announces its executions. Mercurius and Apollo Server do not accept it yet. */
const GRAPHQL_17 = {
  name: 'graphql-17',
  dependencies: {
    graphql: '17.1.0',
    express: '5.3.0',
    'graphql-yoga': '5.24.1',
    '@envelop/core': '5.6.1',
  },
};
const TRPC = {
  name: 'trpc',
  dependencies: {
    '@trpc/server': '11.25.2',
    '@trpc/client': '11.25.2',
    fastify: '5.12.8',
  },
};
const JAYSON = { name: 'jayson', dependencies: { jayson: '5.0.0', express: '5.3.0' } };
const expressSetUps = (version) => ({
  alone: { name: `express-${version}-only`, dependencies: { express: version } },
  beside: {
    name: `express-${version}-auto`,
    dependencies: { ...SDKS[SDK].dependencies, express: version },
  },
});

/** The query of a URL must not become a site search. */
const GRAPHQL_ENV = { MATOMO_SITE_SEARCH: 'true' };
const graphql = (query, title, { status = 200, error = '' } = {}) => {
  const operationName = /^\w+ (\w+)/.exec(query)?.[1];
  const body = { query, operationName };
  return { method: 'POST', path: '/graphql', body, status, error, title };
};

/** Without spans nobody knows of an error that is answered with 200, so the name of such an operation counts as proven. */
function graphqlRequests({ isTraced, isNamed = true, syntaxError = 400 }) {
  const error = (name) => (isTraced ? name : '');
  const title = (verb, name) => (isNamed ? `${verb} /graphql ${name}` : `${verb} /graphql`);
  return [
    graphql('mutation CreateOrder { createOrder }', title('POST', 'CreateOrder')),
    graphql('query Failing { failing }', isTraced ? 'POST /graphql' : title('POST', 'Failing'), {
      error: error('RangeError'),
    }),
    graphql('{ greeting }', 'POST /graphql'),
    graphql('query Bad {', 'POST /graphql', {
      status: syntaxError,
      error: error('GraphQLError'),
    }),
    {
      method: 'GET',
      path: '/graphql?query=query+Greeting+%7B+greeting+%7D&operationName=Greeting&x=1',
      body: null,
      status: 200,
      title: 'GET /graphql Greeting',
      url: '/graphql?operationName=Greeting&x=1',
      error: '',
    },
  ];
}

/** With graphql 17, the name and the error come from its channels. Parsing is not announced. */
const ANNOUNCED = graphqlRequests({ isTraced: true, syntaxError: 200 }).map((wanted) =>
  wanted.error === 'GraphQLError' ? { ...wanted, error: '' } : wanted,
);

/** What `client.cjs` calls, as a server at `path` sees it. */
const called = (path, calls, client) => ({
  requests: calls.map((call) => ({ path, ...call })),
  client: { file: 'operations/client.cjs', path, env: { CLIENT: client } },
});
const APOLLO_CALLS = called(
  '/graphql',
  [
    { method: 'POST', status: 200, title: 'POST /graphql CreateOrder' },
    { method: 'POST', status: 200, title: 'POST /graphql Greeting' },
    { method: 'POST', status: 400, title: 'POST /graphql' },
  ],
  'apollo',
);
const JAYSON_CALLS = called(
  '/rpc',
  ['add', 'failing', 'add (2)'].map((name) => ({
    method: 'POST',
    status: 200,
    title: `POST /rpc ${name}`,
  })),
  'jayson',
);

const TRPC_BATCH = '/trpc/user.byId,user.byId?batch=1&input=%7B%7D';
const TRPC_CALLS = {
  requests: [
    { method: 'GET', path: '/trpc/user.byId', status: 200, title: 'GET /trpc/user.byId' },
    { method: 'POST', path: '/trpc/order.create', status: 200, title: 'POST /trpc/order.create' },
    {
      method: 'GET',
      path: '/trpc/user.byId,failing,user.byId?batch=1&input=%7B%7D',
      url: '/trpc/user.byId,failing,user.byId?batch=1&input=redacted',
      status: 207,
      title: 'GET /trpc/user.byId (3)',
    },
    {
      method: 'GET',
      path: TRPC_BATCH,
      url: TRPC_BATCH.replace('%7B%7D', 'redacted'),
      status: 200,
      title: 'GET /trpc/user.byId (2)',
    },
    { method: 'GET', path: '/trpc/failing', status: 409, title: 'GET /trpc' },
    { method: 'GET', path: '/trpc/no.such', status: 404, title: 'GET Not Found' },
  ],
  client: { file: 'operations/client.cjs', path: '/trpc', env: { CLIENT: 'trpc' } },
};
/** Fastify has a route for all procedures. */
const TRPC_FASTIFY_CALLS = {
  ...TRPC_CALLS,
  requests: TRPC_CALLS.requests.map((call) =>
    call.status < 400 ? call : { ...call, title: 'GET /trpc/:path' },
  ),
};

const page = (path, status, title) => ({ method: 'GET', path, status, title: `GET ${title}` });
const CATCH_ALL_REQUESTS = [
  page('/users/7', 200, '/users/:id'),
  page('/files/a/b.txt', 200, '/files/a/b.txt'),
  page('/admin/a/b', 200, '/admin/a/b'),
  page('/orders/8', 200, '/orders/:id'),
  page('/fails/8', 500, '/fails/:id'),
  page('/nothing/here', 404, 'Not Found'),
];

const SAILS = { name: 'sails', dependencies: { sails: '1.5.18' } };
const SAILS_REQUESTS = [
  page('/users/ann', 200, '/users/:id'),
  page('/fails/ann', 500, '/fails/:id'),
  page('/nothing/here', 404, 'Not Found'),
];

const MOUNT_REQUESTS = [
  page('/users/ann/posts', 200, '/users/:userId/posts'),
  {
    ...page('/users/ann@example.org/posts/7', 200, '/users/:userId/posts/:postId'),
    url: '/users/redacted/posts/7',
  },
  page('/users/ann/posts/fails', 500, '/users/:userId/posts/fails'),
  page('/queues', 200, '/queues'),
  page('/queues/queue/mail', 200, '/queues/queue/:name'),
  page('/queues/jobs/7', 200, '/queues/jobs/:id'),
  page('/api/leaf', 200, '/api/leaf'),
  page('/api/readers/ann/books/9', 200, '/api/readers/:userId/books/:bookId'),
  page('/v1/users/ann', 200, '/v1/users/:id'),
  page('/v1/fails', 500, '/v1/fails'),
  page('/v2/users/ann', 200, '/v2/users/:id'),
  page('/v1/admin/users/ann', 200, '/v1/admin/users/:id'),
  page('/tenants/acme/users/ann', 200, '/tenants/:tenant/users/:id'),
  page('/account/of/bob/users/ann', 200, '/account/of/:owner/users/:id'),
  page('/message:send', 200, '/message:send'),
  page('/a.b+c/7', 200, '/a.b+c/:id'),
];

/** The titles of docs/limits.md, if nothing names the parameters of mounts. */
const UNNAMED_MOUNTS = {
  '/api/readers/ann/books/9': '/api/readers/ann/books/:bookId',
  '/account/of/bob/users/ann': '/account/of/bob/users/:id',
  '/users/ann/posts': '/users/ann/posts',
  '/users/ann@example.org/posts/7': '/users/redacted/posts/:postId',
  '/users/ann/posts/fails': '/users/ann/posts/fails',
  '/tenants/acme/users/ann': '/tenants/acme/users/:id',
};

function mountRequests(titles) {
  return MOUNT_REQUESTS.map((request) => {
    const title = titles[request.path];
    return title === undefined ? request : { ...request, title: `GET ${title}` };
  });
}

/** More servers of the kinds that `npm run test:long` runs one of. */
const NIGHTLY_ROWS = [
  ...graphqlRows('GraphQL Yoga', 'yoga.cjs', { syntaxError: 200, isNamed: false }),
  ...graphqlRows('Mercurius', 'mercurius.cjs', { isNamed: false }),
  {
    ...alone('GraphQL Yoga with graphql 17', 'yoga.cjs', GRAPHQL_17, ANNOUNCED, GRAPHQL_ENV),
    oldestNode: 22,
  },
  calls('tRPC, standalone, and its client', 'trpc.cjs', TRPC, TRPC_CALLS),
  alone('Sails', 'sails.cjs', SAILS, SAILS_REQUESTS),
].map((row) => ({ ...row, isNightly: true }));

const ROWS = [
  ...graphqlRows('Apollo Server 5 on Express', 'apollo.cjs'),
  calls('Apollo Server 5 on Express and Apollo Client', 'apollo.cjs', GRAPHQL, APOLLO_CALLS),
  calls('jayson on Express and its client', 'jayson.cjs', JAYSON, JAYSON_CALLS),
  calls('tRPC in Fastify 5 and its client', 'trpc-fastify.cjs', TRPC, TRPC_FASTIFY_CALLS),
  ...NIGHTLY_ROWS,
  ...nightlyIfTraced(mountRows('4.22.3')),
  ...mountRows('5.3.0'),
  tracedMountRow('1.30', '0.42.0', '4.22.3'),
  { ...tracedMountRow('1.30', '0.47.1', '5.3.0', UNNAMED_MOUNTS), isNightly: true },
  { ...tracedMountRow('1.30', '0.47.1', '4.22.3'), isNightly: true },
  { ...tracedMountRow('2.12', '0.71.1', '5.3.0'), isNightly: true },
  { ...tracedMountRow('3.1', '0.72.0', '4.22.3'), oldestNode: 22 },
  { ...tracedMountRow('3.1', '0.72.0', '5.3.0'), oldestNode: 22 },
  ...nightlyIfTraced(expressRows('4.22.3', {}, CATCH_ALL_REQUESTS)),
  ...nightlyIfTraced(expressRows('5.3.0', { EXPRESS: '5' }, CATCH_ALL_REQUESTS)),
];

/** The cells of every row on each Node.js. */
export const OPERATIONS = NODES.flatMap((node) =>
  ROWS.filter(({ oldestNode = 0 }) => node >= oldestNode).map(({ file, ...row }) =>
    toCell({ ...row, app: `operations/${file}`, node }),
  ),
);

/** Mounted routers of Express 5 are traced in every run. */
function nightlyIfTraced(rows) {
  return rows.map((row) => (row.isAuto ? { ...row, isNightly: true } : row));
}

function graphqlRows(name, file, { syntaxError, isNamed } = {}) {
  return [
    {
      ...alone(name, file, GRAPHQL, graphqlRequests({ isTraced: true, syntaxError }), GRAPHQL_ENV),
      name: `${name}, with @opentelemetry/instrumentation-graphql`,
      isAuto: true,
    },
    alone(
      name,
      file,
      GRAPHQL,
      graphqlRequests({ isTraced: false, isNamed, syntaxError }),
      GRAPHQL_ENV,
    ),
  ];
}

function alone(name, file, setUp, requests, env = {}) {
  return { name: `${name}, with \`register\` alone`, file, setUp, requests, env };
}

/** A server that gets its requests from a client library. */
function calls(name, file, setUp, { requests, client }) {
  return { ...alone(name, file, setUp, requests), client };
}

function mountRows(version) {
  const what = 'mounted routers and lists';
  const [only, beside] = expressRows(version, {}, MOUNT_REQUESTS, what, 'mounts.cjs');
  // Without tracing, nobody knows the parameter of a router in a router that a function calls.
  const unknown = page('/v1/t/7/users/ann', 200, '/v1/t/:id/users/:id');
  return [{ ...only, requests: [...mountRequests(UNNAMED_MOUNTS), unknown] }, beside];
}

/** Some instrumentations of Express leave the mount path out of the route, or know the mount path alone. */
function tracedMountRow(sdk, instrumentation, version, titles = {}) {
  const name = `Express ${version[0]}, mounted routers, with SDK ${sdk} and instrumentation-express ${instrumentation}`;
  const setUp = {
    name: `express-${version}-instrumented-${instrumentation}`,
    dependencies: {
      ...SDKS[sdk].dependencies,
      '@opentelemetry/instrumentation-express': instrumentation,
      express: version,
    },
  };
  const row = alone(name, 'mounts-traced.cjs', setUp, mountRequests(titles));
  return { ...row, name, isTraced: true };
}

function expressRows(version, env, requests, what = 'catch-all routes', file = 'catch-all.cjs') {
  const name = `Express ${version[0]}, ${what}`;
  const { alone: only, beside } = expressSetUps(version);
  return [
    alone(name, file, only, requests, env),
    {
      ...alone(name, file, beside, requests, env),
      name: `${name}, with auto-instrumentations`,
      isAuto: true,
    },
  ];
}
