// Table E: titles that a route alone does not make: GraphQL operations, tRPC procedures, catch-all routes.
import { SDKS } from './set-ups.mjs';

const OURS = ['--require', 'opentelemetry-matomo/register'];
const AUTO = ['--require', '@opentelemetry/auto-instrumentations-node/register'];
const SDK = '2.12';

const GRAPHQL = {
  name: 'graphql-sdk-2.12',
  dependencies: {
    ...SDKS[SDK].dependencies,
    graphql: '16.15.0',
    '@apollo/server': '5.5.1',
    '@as-integrations/express5': '1.1.2',
    express: '5.3.0',
    'graphql-yoga': '5.24.1',
    '@envelop/core': '5.6.1',
    fastify: '5.12.8',
    mercurius: '16.10.1',
  },
};
const TRPC = { name: 'trpc', dependencies: { '@trpc/server': '11.25.2', express: '5.3.0' } };
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
  return { method: 'POST', path: '/graphql', body: { query }, status, error, title };
};

/** `error` is what the spans of the instrumentation tell: without them nobody knows of an error that is answered with 200. */
function graphqlRequests({ isTraced, syntaxError = 400 }) {
  const error = (name) => (isTraced ? name : '');
  return [
    graphql('mutation CreateOrder { createOrder }', 'POST /graphql CreateOrder'),
    graphql('query Failing { failing }', 'POST /graphql Failing', { error: error('RangeError') }),
    graphql('{ greeting }', 'POST /graphql'),
    graphql('query Bad {', 'POST /graphql', {
      status: syntaxError,
      error: error('GraphQLError'),
    }),
    {
      method: 'GET',
      path: '/graphql?query=query+Greeting+%7B+greeting+%7D&x=1',
      body: null,
      status: 200,
      title: `${isTraced ? 'GET' : 'POST'} /graphql Greeting`,
      url: '/graphql?x=1',
      error: '',
    },
  ];
}

const trpc = (method, path, status, title) => {
  const body = method === 'POST' ? {} : undefined;
  return { method, path, status, title, body };
};
const TRPC_REQUESTS = [
  trpc('GET', '/trpc/user.byId?input=7', 200, 'GET /trpc/user.byId'),
  trpc('POST', '/trpc/order.create', 200, 'POST /trpc/order.create'),
  trpc('GET', '/trpc/user.byId,failing,user.byId?batch=1', 207, 'GET /trpc/user.byId (3)'),
  trpc('GET', '/trpc/user.byId,user.byId?batch=1', 200, 'GET /trpc/user.byId (2)'),
  trpc('GET', '/trpc/failing', 409, 'GET /trpc/failing'),
  trpc('GET', '/trpc/no.such', 404, 'GET Not Found'),
];

const page = (path, status, title) => ({ method: 'GET', path, status, title: `GET ${title}` });
const catchAllRequests = (files, rest) => [
  page('/users/7', 200, '/users/:id'),
  page('/files/a/b.txt', 200, files),
  page('/admin/a/b', 200, rest),
  page('/orders/8', 200, '/orders/:id'),
  page('/fails/8', 500, '/fails/:id'),
  page('/nothing/here', 404, 'Not Found'),
];

const JSON_SERVER = { name: 'json-server', dependencies: { 'json-server': '0.17.4' } };
const JSON_SERVER_REQUESTS = [
  page('/users/ann', 200, '/users/:id'),
  page('/api/users/ann', 200, '/users/:id'),
  page('/users/ann/posts', 200, '/posts'),
  page('/posts?userId=ann', 200, '/posts'),
  page('/users/bob', 404, '/users/:id'),
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
  page('/users/ann@example.org/posts/7', 200, '/users/:userId/posts/:postId'),
  page('/users/ann/posts/fails', 500, '/users/:userId/posts/fails'),
  page('/queues', 200, '/queues'),
  page('/queues/queue/mail', 200, '/queues/queue/:name'),
  page('/queues/jobs/7', 200, '/queues/jobs/:id'),
];

const ROWS = [
  ...graphqlRows('Apollo Server 5 on Express', 'apollo.cjs', '@apollo/server'),
  ...graphqlRows('GraphQL Yoga', 'yoga.cjs', 'graphql-yoga', { syntaxError: 200 }),
  ...graphqlRows('Mercurius', 'mercurius.cjs', 'mercurius'),
  alone('tRPC, standalone', 'trpc.cjs', TRPC, TRPC_REQUESTS),
  alone('tRPC in Express 5', 'trpc-express.cjs', TRPC, TRPC_REQUESTS),
  alone('json-server', 'json-server.cjs', JSON_SERVER, JSON_SERVER_REQUESTS),
  alone('Sails', 'sails.cjs', SAILS, SAILS_REQUESTS),
  ...mountRows('4.22.3'),
  ...mountRows('5.3.0'),
  ...expressRows('4.22.3', {}, catchAllRequests('/files/*', '/admin/*')),
  ...expressRows('5.3.0', { EXPRESS: '5' }, catchAllRequests('/files/*path', '/admin/*rest')),
];

/** The cells of every row on each Node, with and without what traces the application. */
export function planOperations(nodes) {
  return nodes.flatMap((node) => ROWS.map((row) => toCell(row, node)));
}

function toCell({ name, file, preloads, setUp, versionOf, requests, env }, node) {
  // An application that traces itself sends its own spans when its server is closed.
  const closing = preloads === AUTO ? { CLOSE_AT_SIGTERM: '1' } : {};
  return {
    table: 'operations',
    name,
    node,
    setUp,
    versionOf,
    titles: {},
    notes: [],
    command: (isWith) => ({
      args: [...preloads, ...(isWith ? OURS : []), `operations/${file}`],
      env: { ...env, ...closing },
      requests,
    }),
  };
}

function graphqlRows(name, file, versionOf, { syntaxError } = {}) {
  const row = { file, versionOf, setUp: GRAPHQL };
  return [
    {
      ...row,
      name: `${name}, with @opentelemetry/instrumentation-graphql`,
      preloads: AUTO,
      requests: graphqlRequests({ isTraced: true, syntaxError }),
      env: GRAPHQL_ENV,
    },
    {
      ...row,
      name: `${name}, with \`register\` and the line that names operations`,
      preloads: [],
      requests: graphqlRequests({ isTraced: false, syntaxError }),
      env: { ...GRAPHQL_ENV, NAMED: '1' },
    },
  ];
}

function alone(name, file, setUp, requests, env = {}) {
  return { name: `${name}, with \`register\` alone`, file, setUp, requests, env, preloads: [] };
}

function mountRows(version) {
  return expressRows(version, {}, MOUNT_REQUESTS, 'mounted routers and lists', 'mounts.cjs');
}

function expressRows(version, env, requests, what = 'catch-all routes', file = 'catch-all.cjs') {
  const name = `Express ${version[0]}, ${what}`;
  const { alone: only, beside } = expressSetUps(version);
  return [
    alone(name, file, only, requests, env),
    {
      name: `${name}, with auto-instrumentations`,
      file,
      setUp: beside,
      requests,
      env,
      preloads: AUTO,
    },
  ];
}
