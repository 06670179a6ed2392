// What is known of requests to each framework, without tracing in the application and beside
// auto-instrumentations.
import { CLOSE_AT_SIGTERM } from './run-app.mjs';
import { SDKS } from './set-ups.mjs';

const OURS = 'opentelemetry-matomo/register';
const AUTO = '@opentelemetry/auto-instrumentations-node/register';

/** Titles of requests whose route nobody tells: a template of the path, which keeps what is no ID. */
const PATHS = { '/users/ann': 'GET /users/ann' };
const HAPI_ROUTE = { '/users/ann': 'GET /users/{id}' };

const SENTRY = { SENTRY_DSN: 'http://key@127.0.0.1:9/1' };

/** Agents of vendors trace the application and keep to loopback: no account is needed. */
const AGENT = { CLOSE_AT_SIGTERM: '1' };
const NEW_RELIC = {
  ...AGENT,
  NEW_RELIC_SERVERLESS_MODE_ENABLED: 'true',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_APP_NAME: 'matrix',
  NEW_RELIC_LOG_ENABLED: 'false',
};

const NEXT_ROUTE = { '/users/ann': 'GET /users/[id]' };
const NEXT_START = [
  '../node_modules/next/dist/bin/next',
  ...['start', 'next-start', '--hostname', '127.0.0.1', '--port', '0'],
];

const COMMON = {
  express: '5.3.0',
  fastify: '5.12.8',
  '@fastify/otel': '0.21.2',
  koa: '3.2.1',
  '@koa/router': '15.7.0',
  '@hapi/hapi': '21.4.10',
  hono: '4.13.19',
  '@hono/node-server': '2.1.8',
  '@hono/otel': '1.1.2',
};

/**
 * `alone` and `beside` say what the titles are where they are not the routes. `versionOf` is the
 * package whose version counts. `env` is told to the application. One that has
 * the processor in its code needs no `register`, and is compared with the application that `without` names.
 * One that `tracesItself` has an exporter of its own. `preloads` are the flags of an agent.
 */
const FRAMEWORKS = [
  {
    name: 'node:http',
    file: 'http.cjs',
    alone: { titles: PATHS },
    beside: { titles: PATHS },
  },
  { name: 'Express 4', file: 'express.cjs', group: 'express-4', versionOf: 'express' },
  { name: 'Express 5', file: 'express.cjs', versionOf: 'express' },
  { name: 'Fastify', file: 'fastify.cjs', versionOf: 'fastify' },
  {
    name: 'Fastify with @fastify/otel',
    file: 'fastify.cjs',
    versionOf: '@fastify/otel',
    env: { PLUGIN: '1' },
  },
  {
    name: 'Koa with @koa/router',
    file: 'koa.cjs',
    versionOf: 'koa',
    alone: { titles: PATHS },
  },
  {
    name: 'Hapi',
    file: 'hapi.cjs',
    versionOf: '@hapi/hapi',
    alone: { titles: PATHS },
    beside: { titles: HAPI_ROUTE },
  },
  { name: 'Restify', file: 'restify.cjs', group: 'restify', versionOf: 'restify' },
  {
    name: 'Hono on @hono/node-server',
    file: 'hono.mjs',
    versionOf: 'hono',
    alone: { titles: PATHS },
    beside: { titles: PATHS },
  },
  {
    name: 'Hono with @hono/otel',
    file: 'hono.mjs',
    versionOf: '@hono/otel',
    env: { PLUGIN: '1' },
    alone: { titles: PATHS },
  },
  {
    name: 'Hono traced in code by @hono/otel only',
    file: 'hono-traced.mjs',
    tracesItself: true,
    versionOf: '@hono/otel',
    ways: ['alone'],
  },
  {
    name: 'Polka',
    file: 'polka.cjs',
    group: 'servers',
    versionOf: 'polka',
    alone: { titles: PATHS },
    beside: { titles: PATHS },
  },
  {
    name: 'find-my-way',
    file: 'find-my-way.cjs',
    group: 'servers',
    versionOf: 'find-my-way',
    alone: { titles: PATHS },
    beside: { titles: PATHS },
  },
  {
    name: 'h3 with its tracing plugin',
    file: 'h3.mjs',
    group: 'servers',
    versionOf: 'h3',
  },
  {
    name: 'Feathers on Express',
    file: 'feathers.cjs',
    group: 'servers',
    versionOf: '@feathersjs/express',
    alone: { titles: PATHS },
    beside: { titles: PATHS },
  },
  { name: 'Nest 11 on Express', file: 'nest.cjs', group: 'nest-11', versionOf: '@nestjs/core' },
  {
    name: 'Nest 11 on Fastify',
    file: 'nest.cjs',
    group: 'nest-11',
    versionOf: '@nestjs/core',
    env: { ADAPTER: 'fastify' },
  },
  { name: 'Nest 12 on Express', file: 'nest.mjs', group: 'nest-12', versionOf: '@nestjs/core' },
  {
    name: 'Nest 12 on Fastify',
    file: 'nest.mjs',
    group: 'nest-12',
    versionOf: '@nestjs/core',
    env: { ADAPTER: 'fastify' },
  },
  {
    name: 'Next.js',
    file: 'next.cjs',
    group: 'next',
    versionOf: 'next',
    alone: { titles: PATHS },
    beside: { titles: NEXT_ROUTE },
  },
  {
    name: 'Next.js traced in code by its own spans only',
    file: 'next-traced.cjs',
    tracesItself: true,
    group: 'next',
    versionOf: 'next',
    ways: ['alone'],
    alone: { titles: NEXT_ROUTE },
  },
  {
    name: 'Next.js: `next start`, the processor in `instrumentation.ts`',
    group: 'next',
    versionOf: 'next',
    ways: ['alone'],
    alone: { titles: NEXT_ROUTE },
    start: NEXT_START,
    before: [{ method: 'GET', path: '/ready.txt' }],
    without: 'next.cjs',
  },
  {
    name: 'Express beside Sentry',
    file: 'sentry-default.cjs',
    tracesItself: true,
    group: 'sentry',
    versionOf: '@sentry/node',
    ways: ['alone'],
    env: SENTRY,
    codes: ['provider-without-processors'],
  },
  {
    name: 'Express beside Sentry, the processor in its setup',
    file: 'sentry.cjs',
    tracesItself: true,
    group: 'sentry',
    versionOf: '@sentry/node',
    ways: ['alone'],
    env: SENTRY,
    without: 'sentry-provider.cjs',
  },
  {
    name: 'Express as an ES module beside Sentry, the processor in `instrument.mjs`',
    file: 'sentry-esm.mjs',
    preloads: ['--import', './frameworks/sentry-instrument.mjs'],
    tracesItself: true,
    group: 'sentry',
    versionOf: '@sentry/node',
    ways: ['alone'],
    env: SENTRY,
    without: 'sentry-provider.cjs',
  },
  {
    name: 'Express beside Sentry with `openTelemetryBasicTracerProvider`',
    file: 'sentry-provider.cjs',
    tracesItself: true,
    group: 'sentry',
    versionOf: '@sentry/node',
    ways: ['alone'],
    env: SENTRY,
  },
  {
    name: 'Express beside Datadog',
    file: 'datadog.cjs',
    tracesItself: true,
    group: 'datadog',
    versionOf: 'dd-trace',
    ways: ['alone'],
  },
  {
    name: 'Express beside Elastic, `@elastic/opentelemetry-node`',
    file: 'express.cjs',
    group: 'agents',
    versionOf: '@elastic/opentelemetry-node',
    ways: ['alone'],
    preloads: ['--import', '@elastic/opentelemetry-node'],
    env: { ...AGENT, OTEL_LOG_LEVEL: 'error' },
  },
  {
    name: 'Express beside Azure Monitor, `useAzureMonitor()` in code',
    file: 'azure.cjs',
    group: 'agents',
    versionOf: '@azure/monitor-opentelemetry',
    ways: ['alone'],
    env: { ...AGENT, APPLICATION_INSIGHTS_NO_STATSBEAT: '1' },
  },
  {
    name: 'Express beside New Relic, in its serverless mode',
    file: 'express.cjs',
    group: 'agents',
    versionOf: 'newrelic',
    ways: ['alone'],
    preloads: ['--require', 'newrelic'],
    env: NEW_RELIC,
  },
];

const WAYS = ['alone', 'beside'];

const GROUPS = {
  frameworks: () => COMMON,
  'express-4': () => ({ express: '^4.22.0' }),
  restify: (sdk) => ({ restify: SDKS[sdk].since >= 22 ? '12.0.0' : '11.1.0' }),
  servers: () => ({
    polka: '0.5.2',
    'find-my-way': '9.10.1',
    h3: '2.0.8',
    '@feathersjs/feathers': '5.0.50',
    '@feathersjs/express': '5.0.50',
  }),
  'nest-11': () => nest('^11.2.8'),
  'nest-12': () => nest('^12.5.0'),
  next: () => ({
    next: '16.4.6',
    react: '^19.2.0',
    'react-dom': '^19.2.0',
    typescript: '5.9.3',
    '@types/node': '^20.19.0',
    '@types/react': '^19.2.0',
  }),
  sentry: () => ({ express: '5.3.0', '@sentry/node': '10.78.0' }),
  agents: () => ({
    express: '5.3.0',
    '@elastic/opentelemetry-node': '1.18.0',
    '@azure/monitor-opentelemetry': '1.18.1',
    newrelic: '13.20.0',
  }),
  // It asks for an API below 1.10, which SDK 3 has, and for Node 22.
  datadog: () => ({ express: '5.3.0', 'dd-trace': '6.21.0' }),
};

/** Which groups are run with an SDK on a Node. */
const RUNS = {
  '2.12 20': Object.keys(GROUPS).filter((group) => group !== 'datadog'),
  '2.12 22': ['datadog'],
  '3.1 22': ['frameworks', 'restify'],
};

/**
 * The cells of every framework, alone and beside auto-instrumentations, for the SDKs and Nodes of `runs` that it
 * is run with.
 */
export function planFrameworks(runs) {
  return runs.flatMap(({ sdk, node }) => {
    const groups = RUNS[`${sdk} ${node}`] ?? [];
    return FRAMEWORKS.map(withDefaults)
      .filter(({ group }) => groups.includes(group))
      .flatMap((framework) => framework.ways.map((way) => toCell(framework, way, sdk, node)));
  });
}

function toCell(framework, way, sdk, node) {
  const { name, group, versionOf, codes } = framework;
  const { titles = {} } = framework[way];
  return {
    table: 'frameworks',
    name,
    way,
    sdk,
    node,
    setUp: {
      name: `${group}-sdk-${sdk}`,
      dependencies: { ...SDKS[sdk].dependencies, ...GROUPS[group](sdk) },
    },
    make: group === 'next' ? { how: 'next' } : undefined,
    versionOf,
    titles,
    codes,
    command: (isWith) => toCommand(framework, way, isWith),
  };
}

/** What `node` is started with; `isWith` says whether with this package. */
function toCommand(framework, way, isWith) {
  const { file, without, start, before, tracesItself } = framework;
  const closes = tracesItself || way === 'beside';
  const env = { ...framework.env, ...(closes ? CLOSE_AT_SIGTERM : {}) };
  if (without && !isWith) return { args: [`frameworks/${without}`], env };
  if (start) return { args: start, env, before };
  if (without) return { args: [...framework.preloads, `frameworks/${file}`], env };
  const flag = file.endsWith('.mjs') ? '--import' : '--require';
  const ours = isWith ? [flag, OURS] : [];
  const auto = way === 'beside' ? [flag, AUTO] : [];
  return { args: [...framework.preloads, ...ours, ...auto, `frameworks/${file}`], env };
}

function withDefaults(framework) {
  const defaults = {
    group: 'frameworks',
    ways: WAYS,
    alone: {},
    beside: {},
    env: {},
    preloads: [],
  };
  return { ...defaults, ...framework };
}

function nest(range) {
  const names = ['core', 'common', 'platform-express', 'platform-fastify'];
  const packages = Object.fromEntries(names.map((name) => [`@nestjs/${name}`, range]));
  return { ...packages, 'reflect-metadata': '^0.2.0', rxjs: '^7.8.0' };
}
