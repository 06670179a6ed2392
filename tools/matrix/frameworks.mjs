// What is known of requests to each framework: with `register` alone, beside auto-instrumentations, and with `annotate`.
import { toCell } from './application.mjs';
import { SDKS } from './set-ups.mjs';

/** Titles of requests whose route nobody tells: a template of the path, which keeps what is no ID. */
const PATHS = { '/users/ann': 'GET /users/ann' };
const NEXT_ROUTE = { '/users/ann': 'GET /users/[id]' };
const BRACED_ROUTE = { '/users/ann': 'GET /users/{id}' };

const SENTRY = { SENTRY_DSN: 'http://key@127.0.0.1:9/1' };

/** Agents of vendors trace the application and keep to loopback: no account is needed. */
const NEW_RELIC = {
  NEW_RELIC_SERVERLESS_MODE_ENABLED: 'true',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_APP_NAME: 'matrix',
  NEW_RELIC_LOG_ENABLED: 'false',
};

const SDK_2 = { sdk: '2.12', node: 20 };
const SDK_3 = { sdk: '3.1', node: 22 };
/** Servers that frameworks build and start are by themselves, on a Node.js that all of them accept. */
const NO_SDK = { node: 24 };

/** What is installed together, beside the SDK of each of `runs`. */
const SET_UPS = {
  frameworks: {
    runs: [SDK_2, SDK_3],
    dependencies: {
      express: '5.3.0',
      fastify: '5.12.8',
      '@fastify/otel': '0.21.2',
      koa: '3.2.1',
      '@koa/router': '15.7.0',
      '@hapi/hapi': '21.4.10',
      hono: '4.13.19',
      '@hono/node-server': '2.1.8',
      '@hono/otel': '1.1.2',
    },
  },
  'express-4': { dependencies: { express: '4.22.3' } },
  'restify-11': { dependencies: { restify: '11.1.0' } },
  'restify-12': { runs: [SDK_3], dependencies: { restify: '12.0.0' } },
  servers: {
    dependencies: {
      polka: '0.5.2',
      'find-my-way': '9.10.1',
      h3: '2.0.8',
      '@feathersjs/feathers': '5.0.50',
      '@feathersjs/express': '5.0.50',
    },
  },
  loopback: { dependencies: { '@loopback/core': '7.0.15', '@loopback/rest': '15.0.16' } },
  egg: { dependencies: { egg: '3.34.0' } },
  moleculer: { dependencies: { moleculer: '0.14.36', 'moleculer-web': '0.10.8' } },
  'nest-11': { dependencies: nest('11.2.10', '11.2.8') },
  'nest-12': { dependencies: nest('12.5.1', '12.5.0') },
  next: {
    dependencies: {
      next: '16.4.6',
      react: '^19.2.0',
      'react-dom': '^19.2.0',
      typescript: '5.9.3',
      '@types/node': '^20.19.0',
      '@types/react': '^19.2.0',
    },
  },
  sentry: { dependencies: { express: '5.3.0', '@sentry/node': '10.78.0' } },
  agents: {
    dependencies: {
      express: '5.3.0',
      '@elastic/opentelemetry-node': '1.18.0',
      '@azure/monitor-opentelemetry': '1.18.1',
      newrelic: '13.20.0',
    },
  },
  // It asks for an API below 1.10, which SDK 3 has, and for Node.js 22.
  datadog: {
    runs: [{ ...SDK_2, node: 22 }],
    dependencies: { express: '5.3.0', 'dd-trace': '6.21.0' },
  },
  adonis: { runs: [NO_SDK], dependencies: { '@adonisjs/core': '7.5.2' } },
  'nitro-2': { runs: [NO_SDK], dependencies: { nitropack: '2.13.6' } },
  'nitro-3': { runs: [NO_SDK], dependencies: { nitro: '3.0.260903-beta' } },
  sveltekit: {
    runs: [NO_SDK],
    dependencies: {
      '@sveltejs/kit': '3.2.0',
      '@sveltejs/adapter-node': '6.0.1',
      '@sveltejs/vite-plugin-svelte': '7.3.1',
      svelte: '5.57.3',
      vite: '8.3.8',
    },
  },
  astro: { runs: [NO_SDK], dependencies: { astro: '7.3.5', '@astrojs/node': '11.1.6' } },
  'react-router-7': { runs: [NO_SDK], dependencies: reactRouter('7.18.4', '7.3.6') },
  'react-router-8': { runs: [NO_SDK], dependencies: reactRouter('8.4.0', '8.3.8') },
};

const nextBuild = (cwd) => ({ cwd, args: ['next/dist/bin/next', 'build'] });
const SENTRY_APP = { setUp: 'sentry', isTraced: true, env: SENTRY, alone: {} };
const AGENT_APP = { setUp: 'agents', app: 'frameworks/express.cjs', isTraced: true, alone: {} };

/**
 * Each is run in the ways that have titles: `alone`, `beside` auto-instrumentations and, `named` by `annotate`. The titles are those that
 * are not the routes. All else is for `toCell`.
 */
const ROWS = [
  {
    name: 'node:http',
    setUp: 'frameworks',
    app: 'frameworks/http.cjs',
    alone: PATHS,
    beside: PATHS,
  },
  both('Express 4', 'express-4', 'express.cjs'),
  both('Express 5', 'frameworks', 'express.cjs'),
  both('Fastify', 'frameworks', 'fastify.cjs'),
  { ...both('Fastify with @fastify/otel', 'frameworks', 'fastify.cjs'), env: { PLUGIN: '1' } },
  { ...both('Koa with @koa/router', 'frameworks', 'koa.cjs'), alone: PATHS },
  {
    ...both('Hapi', 'frameworks', 'hapi.cjs'),
    alone: PATHS,
    beside: BRACED_ROUTE,
  },
  both('Restify 11', 'restify-11', 'restify.cjs'),
  both('Restify 12', 'restify-12', 'restify.cjs'),
  {
    ...both('Hono on @hono/node-server', 'frameworks', 'hono.mjs'),
    alone: PATHS,
    beside: PATHS,
  },
  {
    ...both('Hono with @hono/otel', 'frameworks', 'hono.mjs'),
    env: { PLUGIN: '1' },
    alone: PATHS,
  },
  {
    name: 'Hono traced in code by @hono/otel only',
    setUp: 'frameworks',
    app: 'frameworks/hono-traced.mjs',
    isTraced: true,
    alone: {},
  },
  { ...both('Polka', 'servers', 'polka.cjs'), alone: PATHS, beside: PATHS },
  { ...both('find-my-way', 'servers', 'find-my-way.cjs'), alone: PATHS, beside: PATHS },
  both('h3 with its tracing plugin', 'servers', 'h3.mjs'),
  { ...both('Feathers on Express', 'servers', 'feathers.cjs'), alone: PATHS, beside: PATHS },
  { ...both('LoopBack 4', 'loopback', 'loopback.cjs'), alone: PATHS, beside: PATHS },
  { name: 'Egg 3', setUp: 'egg', app: 'frameworks/egg.cjs', alone: PATHS },
  {
    ...both('Moleculer with moleculer-web', 'moleculer', 'moleculer.cjs'),
    alone: PATHS,
    beside: PATHS,
  },
  both('Nest 11 on Express', 'nest-11', 'nest.mjs'),
  { ...both('Nest 11 on Fastify', 'nest-11', 'nest.mjs'), env: { ADAPTER: 'fastify' } },
  both('Nest 12 on Express', 'nest-12', 'nest.mjs'),
  { ...both('Nest 12 on Fastify', 'nest-12', 'nest.mjs'), env: { ADAPTER: 'fastify' } },
  {
    ...both('Next.js', 'next', 'next.cjs'),
    build: [nextBuild('next')],
    alone: NEXT_ROUTE,
    beside: NEXT_ROUTE,
  },
  {
    name: 'Next.js traced in code by its own spans only',
    setUp: 'next',
    build: [nextBuild('next')],
    app: 'frameworks/next-traced.cjs',
    isTraced: true,
    alone: NEXT_ROUTE,
  },
  {
    name: 'Next.js: `next start`, the processor in `instrumentation.ts`',
    setUp: 'next',
    build: [nextBuild('next'), nextBuild('next-start')],
    app: [
      '../node_modules/next/dist/bin/next',
      ...['start', 'next-start', '--hostname', '127.0.0.1', '--port', '0'],
    ],
    before: [{ method: 'GET', path: '/ready.txt' }],
    without: 'frameworks/next.cjs',
    alone: NEXT_ROUTE,
  },
  {
    ...SENTRY_APP,
    name: 'Express beside Sentry',
    app: 'frameworks/sentry-default.cjs',
    codes: ['not-attached'],
  },
  {
    ...SENTRY_APP,
    name: 'Express beside Sentry, the processor in its setup',
    app: 'frameworks/sentry.cjs',
    without: 'frameworks/sentry-provider.cjs',
  },
  {
    ...SENTRY_APP,
    name: 'Express as an ES module beside Sentry, the processor in `instrument.mjs`',
    app: 'frameworks/sentry-esm.mjs',
    preloads: ['--import', './frameworks/sentry-instrument.mjs'],
    without: 'frameworks/sentry-provider.cjs',
  },
  {
    ...SENTRY_APP,
    name: 'Express beside Sentry with `openTelemetryBasicTracerProvider`',
    app: 'frameworks/sentry-provider.cjs',
  },
  {
    ...SENTRY_APP,
    name: 'Express beside Sentry with `openTelemetryBasicTracerProvider`, which samples nothing',
    app: 'frameworks/sentry-provider.cjs',
    env: { ...SENTRY, SAMPLE_RATE: '0' },
  },
  {
    name: 'Express beside Datadog',
    setUp: 'datadog',
    app: 'frameworks/datadog.cjs',
    isTraced: true,
    alone: {},
  },
  {
    ...AGENT_APP,
    name: 'Express beside Elastic, `@elastic/opentelemetry-node`',
    preloads: ['--import', '@elastic/opentelemetry-node'],
    env: { OTEL_LOG_LEVEL: 'error' },
  },
  {
    ...AGENT_APP,
    name: 'Express beside Azure Monitor, `useAzureMonitor()` in code',
    app: 'frameworks/azure.cjs',
    env: { APPLICATION_INSIGHTS_NO_STATSBEAT: '1' },
  },
  {
    ...AGENT_APP,
    name: 'Express beside New Relic, in its serverless mode',
    preloads: ['--require', 'newrelic'],
    env: NEW_RELIC,
  },
  { name: 'AdonisJS 7', setUp: 'adonis', app: 'frameworks/adonis.mjs', alone: {} },
  built({
    name: 'Nitro 2',
    setUp: 'nitro-2',
    build: [{ cwd: 'nitro-2', args: ['nitropack/dist/cli/index.mjs', 'build'] }],
    app: 'nitro-2/.output/server/index.mjs',
    named: {},
  }),
  built({
    name: 'Nitro 3',
    setUp: 'nitro-3',
    build: [{ cwd: 'nitro-3', args: ['nitro/dist/cli/index.mjs', 'build'] }],
    app: 'nitro-3/.output/server/index.mjs',
    alone: {}, // `tracingChannel: true` in nitro.config tells the route
  }),
  built({
    name: 'SvelteKit with adapter-node',
    setUp: 'sveltekit',
    build: [{ cwd: 'sveltekit', args: ['vite/bin/vite.js', 'build'] }],
    app: 'sveltekit/build/index.js',
    named: { '/users/ann': 'GET /(shop)/users/[id]' },
  }),
  built({
    name: 'Astro with its Node adapter, standalone',
    setUp: 'astro',
    build: [{ cwd: 'astro', args: ['astro/bin/astro.mjs', 'build'] }],
    app: 'astro/dist/server/entry.mjs',
    named: NEXT_ROUTE,
  }),
  reactRouterRow('React Router 7', 'react-router-7', 'js', { MIDDLEWARE_FLAG: '1' }),
  reactRouterRow('React Router 8', 'react-router-8', 'cjs'),
];

const WAYS = ['alone', 'beside', 'named'];

/** The cells of every framework, on each Node.js and with each SDK that it is run with. */
export const FRAMEWORKS = ROWS.flatMap(({ setUp, alone, beside, named, ...row }) => {
  const { runs = [SDK_2], dependencies } = SET_UPS[setUp];
  const titles = { alone, beside, named };
  return runs.flatMap(({ sdk, node }) =>
    WAYS.filter((way) => titles[way]).map((way) =>
      toCell({
        ...row,
        way,
        sdk,
        node,
        setUp: {
          name: sdk ? `${setUp}-sdk-${sdk}` : setUp,
          dependencies: { ...SDKS[sdk]?.dependencies, ...dependencies },
        },
        titles: titles[way],
        isAuto: way === 'beside',
        isTraced: row.isTraced ?? way === 'beside',
        env: { ...row.env, ROUTES: way === 'named' ? '1' : '' },
      }),
    ),
  );
});

function both(name, setUp, file) {
  return { name, setUp, app: `frameworks/${file}`, alone: {}, beside: {} };
}

/** A server that a framework builds and that does not print its address. */
function built(row) {
  const env = { HOST: '127.0.0.1', PORT: '0' };
  return { alone: PATHS, preloads: ['--require', './listening.cjs'], env, ...row };
}

function reactRouterRow(name, setUp, extension, env) {
  const serve = `../node_modules/@react-router/serve/bin.${extension}`;
  return built({
    name: `${name}, \`react-router-serve\``,
    setUp,
    build: [{ cwd: 'react-router', args: [`@react-router/dev/bin.${extension}`, 'build'], env }],
    app: [serve, 'react-router/build/server/index.js'],
    named: {},
  });
}

function nest(version, ofFastify) {
  const names = ['core', 'common', 'platform-express'];
  const packages = Object.fromEntries(names.map((name) => [`@nestjs/${name}`, version]));
  return {
    ...packages,
    '@nestjs/platform-fastify': ofFastify,
    'reflect-metadata': '^0.2.0',
    rxjs: '^7.8.0',
  };
}

function reactRouter(version, vite) {
  const names = ['serve', 'node', 'dev'];
  const packages = Object.fromEntries(names.map((name) => [`@react-router/${name}`, version]));
  const react = { react: '^19.2.7', 'react-dom': '^19.2.7', isbot: '^5.1.0' };
  return { 'react-router': version, ...packages, vite, ...react };
}
